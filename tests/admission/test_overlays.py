"""Overlays of applications whose objects are YAML: the API server admits them for their tenant's deployers."""

from __future__ import annotations

import pytest

from shared.contracts import Tenant
from shared.dry_runs import contract_outputs
from tests.admission.world import DEPLOYER, TENANT, World, altered
from tooling.manifests.objects import objects_of_overlay, tenant_of, with_registry
from tooling.manifests.source import Overlay, overlays

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

REPOSITORIES = contract_outputs(Tenant)["repositories"]


@pytest.mark.parametrize("overlay", overlays(), ids=str)
def test_every_object_of_an_overlay_is_admitted(world: World, overlay: Overlay) -> None:
    objects = objects_of_overlay(overlay)
    assert tenant_of(overlay, objects) == TENANT
    for one in with_registry(objects, REPOSITORIES):
        verdict = world.create(one, DEPLOYER, dry_run=True)
        assert verdict.admitted, (one["kind"], verdict.message)


def test_what_is_not_the_tenants_is_refused_by_name(world: World) -> None:
    (overlay,) = [one for one in overlays() if str(one) == "dusk/dev"]
    objects = {one["kind"]: one for one in with_registry(objects_of_overlay(overlay), REPOSITORIES)}
    for kind, change, policy in (
        ("Ingress", {"spec.rules.0.host": "tenant-b.example.com"}, "tenant-ingresses-hosts"),
        ("Deployment", {"spec.template.spec.containers.0.image": "docker.io/nginx:1.29"}, "tenant-pods-images"),
    ):
        verdict = world.create(altered(objects[kind], change), DEPLOYER, dry_run=True)
        assert not verdict.admitted
        assert policy in verdict.message
