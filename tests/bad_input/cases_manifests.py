"""Applications whose objects are YAML: overlays, kustomizations and manifests."""

from __future__ import annotations

import shutil

from shared.errors import ExitCode
from tests.bad_input.case import Case, append, edit, rename, write
from tests.bad_input.site import Site

_DUSK = "applications/dusk"
_DEV = f"{_DUSK}/overlays/dev/kustomization.yaml"


def _without_prod(site: Site) -> None:
    shutil.rmtree(site.root / _DUSK / "overlays/prod")


CASES = [
    Case(
        id="manifests: unknown application",
        command="manifests apply dsk --stack local --yes",
        code="application-unknown",
        place="applications/",
        nearest="dusk",
    ),
    Case(
        id="manifests: unknown environment",
        command="manifests apply dusk --stack prd --yes",
        code="environment-unknown",
        place="--stack",
        nearest="prod",
    ),
    Case(
        id="manifests: nobody to ask",
        command="manifests apply dusk --stack local",
        code="confirmation-missing",
        place="--stack local",
        exit_code=ExitCode.REFUSED,
    ),
    Case(
        id="manifests: an overlay of an unknown environment",
        command="manifests check",
        wrong=(rename(f"{_DUSK}/overlays/staging", "stagin"),),
        code="overlay-of-no-environment",
        place=f"{_DUSK}/overlays/stagin",
        nearest="staging",
    ),
    Case(
        id="manifests: no overlay for the environment",
        command="manifests diff dusk --stack prod",
        wrong=(_without_prod,),
        code="overlay-missing",
        place=f"{_DUSK}/overlays",
        says="dusk has no overlay for prod",
    ),
    Case(
        id="manifests: a kind that tenants may not have",
        command="manifests check",
        wrong=(write(f"{_DUSK}/base/service.yaml", "apiVersion: v1\nkind: ResourceQuota\n"),),
        code="manifest-kind",
        place=f"{_DUSK}/base/service.yaml, line 2",
        says="kind ResourceQuota",
    ),
    Case(
        id="manifests: a Secret in git",
        command="manifests check",
        wrong=(write(f"{_DUSK}/base/service.yaml", "apiVersion: v1\n\nkind: Secret\n"),),
        code="manifest-secret",
        place=f"{_DUSK}/base/service.yaml, line 3",
    ),
    Case(
        id="manifests: not YAML",
        command="manifests check",
        wrong=(append(f"{_DUSK}/base/service.yaml", "a: [\n"),),
        code="manifest-invalid",
        place=f"{_DUSK}/base/service.yaml, line ",
    ),
    Case(
        id="manifests: a chart in a kustomization",
        command="manifests check",
        wrong=(append(_DEV, "helmCharts: []\n"),),
        code="kustomization-invalid",
        place=f"{_DEV}, line ",
        says="`helmCharts`",
    ),
    Case(
        id="manifests: a field that the API does not know",
        command="manifests check",
        wrong=(edit(f"{_DUSK}/base/service.yaml", "  selector:", "  selectors:"),),
        code="manifest-field",
        place=f"{_DUSK}/overlays/dev",
        nearest="selector",
    ),
    Case(
        id="manifests: a namespace of nobody",
        command="manifests check",
        wrong=(edit(_DEV, "namespace: tenant-a", "namespace: tenant-aa"),),
        code="manifest-namespace",
        place=f"{_DUSK}/overlays/dev",
        nearest="tenant-a",
    ),
]
