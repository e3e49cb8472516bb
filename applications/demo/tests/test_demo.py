"""The demo: what it puts into its tenant's namespace. What any web application gets is tested with the component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.contracts import Tenant
from shared.program_errors import ProgramInputError
from shared.testing import Run, contract_outputs, load_module, run_program

DIGEST = f"sha256:{'ab' * 32}"
REPOSITORY = contract_outputs(Tenant)["repositories"]["demo"]
KINDS = {
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:core/v1:Service",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:policy/v1:PodDisruptionBudget",
    "kubernetes:networking.k8s.io/v1:Ingress",
}


def container(run: Run) -> dict[str, Any]:
    (only,) = run.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]["containers"]
    return only


def test_it_is_one_of_each_kind_in_its_tenants_namespace(dev: Run) -> None:
    objects = [resource for resource in dev.resources if resource.package == "kubernetes"]
    assert {resource.type for resource in objects} == KINDS
    assert len(objects) == len(KINDS)
    assert {resource.inputs["metadata"]["namespace"] for resource in objects} == {"tenant-a"}


def test_it_makes_nothing_in_aws(dev: Run) -> None:
    assert {resource.package for resource in dev.resources} == {"kubernetes", "pulumi", "platform"}
    assert dev.registered("pulumi:providers:aws") == []


def test_it_signs_in_as_its_tenants_deployer(dev: Run) -> None:
    provider = dev.one("pulumi:providers:kubernetes").inputs
    assert provider["kubeconfig"] == contract_outputs(Tenant)["kubeconfig"]
    assert provider["clusterIdentifier"] == contract_outputs(Tenant)["cluster_arn"]


def test_its_responses_are_configuration(project: Path) -> None:
    run = run_program(project, stack="dev", config={"root_response": "Good morning"})
    assert run.one("kubernetes:core/v1:ConfigMap").inputs["data"] == {
        "DEMO_ROOT_RESPONSE": "Good morning",
        "DEMO_API_RESPONSE": "Welcome to the demo API",
    }


@pytest.mark.parametrize(
    ("config", "image"),
    [
        ({"image_tag": "v1.2.3"}, f"{REPOSITORY}:v1.2.3"),
        ({"image_digest": DIGEST}, f"{REPOSITORY}@{DIGEST}"),
        ({"image_repository": "registry.k8s.io/demo", "image_tag": "v2"}, "registry.k8s.io/demo:v2"),
    ],
    ids=["tag", "digest-before-tag", "repository"],
)
def test_it_runs_the_image_of_its_stack(project: Path, config: dict[str, object], image: str) -> None:
    assert container(run_program(project, stack="dev", config=config))["image"] == image


def test_it_is_asked_whether_it_is_ready_and_whether_it_lives(dev: Run) -> None:
    assert container(dev)["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": 8080}
    assert container(dev)["livenessProbe"]["httpGet"] == {"path": "/health/live", "port": 8080}
    annotations = dev.one("kubernetes:networking.k8s.io/v1:Ingress").inputs["metadata"]["annotations"]
    assert annotations["alb.ingress.kubernetes.io/healthcheck-path"] == "/health/ready"


@pytest.mark.parametrize(
    ("stack", "pods"), [("local", (2, 4)), ("dev", (1, 2)), ("staging", (2, 4)), ("prod", (3, 10))], ids=lambda v: v
)
def test_each_environment_has_a_stack_file(project: Path, stack: str, pods: tuple[int, int]) -> None:
    run = run_program(project, stack=stack)
    scaler = run.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == pods
    assert container(run)["image"].endswith(":v1.0.0")


def test_it_says_where_it_answers(dev: Run) -> None:
    assert dev.outputs == {"url": "http://tenant-a.example.com/", "namespace": "tenant-a"}


def test_it_reads_the_stack_of_its_own_tenant_alone(project: Path) -> None:
    read: list[str] = []

    def stacks(reference: str) -> dict[str, object]:
        read.append(reference)
        return contract_outputs(Tenant, tenant="tenant-b", namespaces=["tenant-b"], hosts=["tenant-b.example.com"])

    run = run_program(project, stack="prod", config={"tenant": "tenant-b"}, upstream=stacks)
    assert set(read) == {"organization/tenants/prod.tenant-b"}
    assert run.outputs["namespace"] == "tenant-b"


def test_promised_defaults_hold(project: Path) -> None:
    assert load_module(project, "settings").DemoSettings(image_tag="v1").model_dump() == {
        "tenant": "tenant-a",
        "namespace": "",
        "release_name": "demo",
        "image_repository": "",
        "image_tag": "v1",
        "image_digest": "",
        "replicas": 2,
        "max_replicas": 4,
        "host": "",
        "port": 8080,
        "certificate_arn": "",
        "root_response": "Welcome to the demo",
        "api_response": "Welcome to the demo API",
    }


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"tennant": "tenant-b"}, 'did you mean "tenant"?'),
        ({"replicas": 5}, "replicas 5 is more than max_replicas 2"),
        ({"image_tag": ""}, "neither image_tag nor image_digest is set"),
        ({"image_tag": "demo:v1"}, "'demo:v1' is not an image tag"),
        ({"image_digest": "sha256:1"}, "'sha256:1' is not an image digest"),
        ({"image_repository": "demo"}, "'demo' is not an image repository"),
        ({"image_repository": "ghcr.io/team-a/demo:v1"}, "without tag and digest"),
        ({"port": 70000}, "port"),
    ],
    ids=["unknown-key", "replicas", "no-image", "tag", "digest", "repository", "tag-in-repository", "port"],
)
def test_a_wrong_setting_is_refused_by_name(project: Path, config: dict[str, object], says: str) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config=config)
    assert refused.value.code == "settings-invalid"
    assert says in refused.value.what


def test_release_name_and_namespace_are_settings(project: Path) -> None:
    tenant = contract_outputs(Tenant, namespaces=["tenant-a", "tenant-a-web"])
    config = {"release_name": "shop", "namespace": "tenant-a-web"}
    run = run_program(project, stack="dev", config=config, upstream=lambda _: tenant)
    objects = [resource.inputs["metadata"] for resource in run.resources if "metadata" in resource.inputs]
    assert len(objects) == 6
    assert {each["namespace"] for each in objects} == {"tenant-a-web"}
    assert {each["name"] for each in objects if "name" in each} == {"shop"}
    assert run.outputs["namespace"] == "tenant-a-web"


def test_it_cannot_be_deployed_before_its_tenant(project: Path) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", upstream=lambda _: None)
    assert refused.value.code == "stack-missing"
    assert refused.value.hint == "make tenants-up STACK=dev TENANT=tenant-a"
