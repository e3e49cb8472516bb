"""What overlays and their files may contain; every refusal names the file, and the line where there is one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import BadInput
from tooling.applications import lookup
from tooling.manifests import source
from tooling.manifests.objects import objects_of_overlay, own_images, tenant_of, with_registry
from tooling.manifests.source import Overlay, manifest_applications, overlay_of, overlays, writable
from tooling.paths import REPOSITORY

APPLICATIONS = REPOSITORY / "applications"


@pytest.fixture
def dusk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose only application of YAML is a copy of dusk."""
    root = tmp_path / "applications/dusk"
    shutil.copytree(APPLICATIONS / "dusk", root)
    # Read once, and not from there.
    writable()
    monkeypatch.setattr(source, "REPOSITORY", tmp_path)
    return root


def refusal(call: Callable[[], object]) -> BadInput:
    with pytest.raises(BadInput) as refused:
        call()
    return refused.value


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def checked(environment: str = "dev") -> list[dict[str, object]]:
    overlay = overlay_of("dusk", environment)
    objects = objects_of_overlay(overlay)
    tenant_of(overlay, objects)
    return objects


@pytest.mark.process
@pytest.mark.parametrize("overlay", overlays(), ids=str)
def test_every_overlay_of_the_repository_passes(overlay: Overlay) -> None:
    objects = objects_of_overlay(overlay)
    assert tenant_of(overlay, objects) == "tenant-a"
    kinds = [one["kind"] for one in objects]
    assert sorted(kinds) == [
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "PodDisruptionBudget",
        "Service",
    ]


@pytest.mark.process
def test_environments_differ_in_the_number_of_pods(dusk: Path) -> None:
    def pods(environment: str) -> tuple[int, int]:
        (scaler,) = [one for one in checked(environment) if one["kind"] == "HorizontalPodAutoscaler"]
        spec: dict[str, int] = scaler["spec"]  # type: ignore[assignment]
        return spec["minReplicas"], spec["maxReplicas"]

    assert {name: pods(name) for name in ("local", "dev", "staging", "prod")} == {
        "local": (2, 4),
        "dev": (1, 2),
        "staging": (2, 4),
        "prod": (3, 10),
    }


def test_an_application_with_a_program_is_none_of_them() -> None:
    assert "dusk" in manifest_applications()
    assert "demo" not in manifest_applications()
    refused = refusal(lambda: overlay_of("demo", "dev"))
    assert (refused.code, refused.what) == ("application-unknown", "demo is deployed by Pulumi")
    assert refused.hint == "tiers up applications --app demo --stack dev"
    assert lookup.application_names()


def test_an_overlay_of_no_environment_is_named(dusk: Path) -> None:
    (dusk / "overlays/prod").rename(dusk / "overlays/production")
    refused = refusal(lambda: overlay_of("dusk", "dev"))
    assert (refused.code, refused.at) == ("overlay-of-no-environment", "applications/dusk/overlays/production")
    assert refusal(overlays).code == "overlay-of-no-environment"


def test_an_environment_without_an_overlay_is_named(dusk: Path) -> None:
    shutil.rmtree(dusk / "overlays/prod")
    refused = refusal(lambda: overlay_of("dusk", "prod"))
    assert (refused.code, refused.at) == ("overlay-missing", "applications/dusk/overlays")
    assert refused.hint.startswith("use one of: dev, local, staging; or add")


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (
            "kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\n",
            "manifest-kind",
            "kind NetworkPolicy of networking",
        ),
        ("apiVersion: v1\nkind: Namespace\n", "manifest-kind", "kind Namespace"),
        ("apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n", "manifest-kind", "kind RoleBinding"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Application\n", "manifest-kind", "kind Application"),
        # The right name in another group.
        ("apiVersion: example.com/v1\nkind: Deployment\n", "manifest-kind", "kind Deployment of example.com"),
        ("apiVersion: v1\nkind: Secret\n", "manifest-secret", "clear text in git"),
    ],
    ids=["network-policy", "namespace", "role-binding", "argo-cd", "other-group", "secret"],
)
def test_a_kind_that_tenants_may_not_have_is_named_with_file_and_line(
    dusk: Path, text: str, code: str, says: str
) -> None:
    file = dusk / "base/service.yaml"
    lines = len(file.read_text().splitlines())
    file.write_text(f"{file.read_text()}---\n{text}")
    refused = refusal(checked)
    assert refused.code == code
    assert says in refused.what
    line = lines + 2 + text.splitlines().index(next(each for each in text.splitlines() if each.startswith("kind")))
    assert refused.at == f"applications/dusk/base/service.yaml, line {line}"


def test_what_tenants_may_have_is_what_their_role_lets_them_create() -> None:
    assert ("apps", "deployments") in writable()
    assert ("", "pods") not in writable()


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("resources:\n", "helmCharts: []\nresources:\n", 3, "has `helmCharts`"),
        ("labels:\n", "replicas: [{name: dusk, count: 3}]\nlabels:\n", 14, "has `replicas`"),
        ("labels:\n", "secretGenerator: []\nlabels:\n", 14, "has `secretGenerator`"),
        ("  - hpa.yaml", "  - https://example.com/hpa.yaml", 6, "names 'https://example.com/hpa.yaml'"),
        ("  - hpa.yaml", "  - hpa.yml", 6, "names 'hpa.yml'"),
        ("  - hpa.yaml", "  - ../../../secrets.yaml", 6, "names '../../../secrets.yaml'"),
    ],
    ids=["chart", "replicas", "secrets", "remote", "missing", "outside"],
)
def test_a_kustomization_that_needs_more_than_its_own_files_is_refused(
    dusk: Path, old: str, new: str, line: int, says: str
) -> None:
    (dusk.parents[1] / "secrets.yaml").write_text("apiVersion: v1\nkind: ConfigMap\n")
    edit(dusk / "base/kustomization.yaml", old, new)
    refused = refusal(checked)
    assert refused.code == "kustomization-invalid"
    assert says in refused.what
    assert refused.at == f"applications/dusk/base/kustomization.yaml, line {line}"


def test_a_directory_without_a_kustomization_is_refused(dusk: Path) -> None:
    (dusk / "base/kustomization.yaml").unlink()
    refused = refusal(checked)
    assert (refused.code, refused.at) == ("kustomization-invalid", "applications/dusk/base")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [("a: [1\nb: 2\n", 2, "is not YAML"), ("- one\n", 1, "is no mapping")],
    ids=["syntax", "list"],
)
def test_a_file_that_is_no_object_is_refused_with_its_line(dusk: Path, text: str, line: int, says: str) -> None:
    (dusk / "base/hpa.yaml").write_text(text)
    refused = refusal(checked)
    assert (refused.code, refused.at) == ("manifest-invalid", f"applications/dusk/base/hpa.yaml, line {line}")
    assert says in refused.what


@pytest.mark.process
@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "service.yaml",
            "  type: ClusterIP",
            "  typ: ClusterIP",
            'Service dusk: spec.typ is unknown, did you mean "type"?',
        ),
        (
            "deployment.yaml",
            "serviceAccountName: tenant",
            "serviceAccountName: 3",
            "Deployment dusk: spec.template.spec.serviceAccountName is 3, not of type str",
        ),
        (
            "hpa.yaml",
            "  maxReplicas: 4\n",
            "",
            "HorizontalPodAutoscaler dusk: spec.maxReplicas is missing",
        ),
        (
            "deployment.yaml",
            "        - name: dusk\n",
            "        - nam: dusk\n",
            "Deployment dusk: spec.template.spec.containers[0].nam is unknown",
        ),
    ],
    ids=["unknown", "type", "missing", "in-a-list"],
)
def test_a_field_that_the_api_does_not_know_is_named(dusk: Path, file: str, old: str, new: str, says: str) -> None:
    edit(dusk / "base" / file, old, new)
    # In an overlay without patches.
    refused = refusal(lambda: checked("staging"))
    assert (refused.code, refused.at) == ("manifest-field", "applications/dusk/overlays/staging")
    assert says in refused.what


@pytest.mark.process
@pytest.mark.parametrize("namespace", ["kube-system", "tenant-aa"])
def test_a_namespace_that_is_no_tenants_is_refused(dusk: Path, namespace: str) -> None:
    edit(dusk / "overlays/dev/kustomization.yaml", "namespace: tenant-a", f"namespace: {namespace}")
    refused = refusal(checked)
    assert (refused.code, refused.at) == ("manifest-namespace", "applications/dusk/overlays/dev")
    assert f"in namespace {namespace!r}" in refused.what


def deployment(*images: str) -> dict[str, object]:
    containers = [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]
    return {"kind": "Deployment", "spec": {"template": {"spec": {"containers": containers}}}}


def images(objects: list[dict[str, object]]) -> list[str]:
    return [one["image"] for each in objects for one in each["spec"]["template"]["spec"]["containers"]]  # type: ignore[index]


def test_an_image_of_the_tenant_gets_its_registry_and_others_stay() -> None:
    repositories = {"demo": "registry.example/tenant-a/demo-dev"}
    given = [deployment("demo:v1", "demo@sha256:ab", "registry.k8s.io/pause:3.10", "localhost:5000/demo:v1")]
    assert images(with_registry(given, repositories)) == [
        "registry.example/tenant-a/demo-dev:v1",
        "registry.example/tenant-a/demo-dev@sha256:ab",
        "registry.k8s.io/pause:3.10",
        "localhost:5000/demo:v1",
    ]
    assert own_images(given, repositories) == {"demo"}
    refused = refusal(lambda: with_registry([deployment("dmeo:v1")], repositories))
    assert refused.code == "repository-missing"
    assert 'did you mean "demo"?' in refused.what
