"""The demo: what it puts into its tenant's namespace. What any web application gets is tested with the component."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts import Tenant
from shared.program_errors import ProgramInputError
from shared.testing import Run, contract_outputs, load_module, run_program

KINDS = {
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:core/v1:Service",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:policy/v1:PodDisruptionBudget",
    "kubernetes:networking.k8s.io/v1:Ingress",
}


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


def test_it_answers_its_greeting_and_runs_no_commands(project: Path) -> None:
    run = run_program(project, stack="dev", config={"greeting": "Good morning"})
    assert run.one("kubernetes:core/v1:ConfigMap").inputs["data"] == {"SERVE_PORT_8080": "Good morning"}
    (container,) = run.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["porter"]
    assert container["image"] == "registry.k8s.io/e2e-test-images/agnhost:2.59"


def test_it_says_where_it_answers(dev: Run) -> None:
    assert dev.outputs == {"url": "http://tenant-a.example.com/", "namespace": "tenant-a"}


def test_it_reads_the_stack_of_its_own_tenant_alone(project: Path) -> None:
    read = []

    def stacks(reference: str) -> dict[str, object]:
        read.append(reference)
        return contract_outputs(Tenant, tenant="tenant-b", namespaces=["tenant-b"], hosts=["tenant-b.example.com"])

    run = run_program(project, stack="prod", config={"tenant": "tenant-b"}, upstream=stacks)
    assert set(read) == {"organization/tenants/prod.tenant-b"}
    assert run.outputs["namespace"] == "tenant-b"


def test_promised_defaults_hold(project: Path) -> None:
    assert load_module(project, "settings").DemoSettings().model_dump() == {
        "tenant": "tenant-a",
        "image": "registry.k8s.io/e2e-test-images/agnhost:2.59",
        "greeting": "Hello from the platform",
        "host": "",
        "port": 8080,
        "certificate_arn": "",
        "min_replicas": 2,
        "max_replicas": 4,
    }


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"tennant": "tenant-b"}, 'did you mean "tenant"?'),
        ({"min_replicas": 5}, "min_replicas 5 is more than max_replicas 4"),
        ({"port": 70000}, "port"),
    ],
    ids=["unknown-key", "replicas", "port"],
)
def test_a_wrong_setting_is_refused_by_name(project: Path, config: dict[str, object], says: str) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config=config)
    assert refused.value.code == "settings-invalid"
    assert says in refused.value.what


def test_it_cannot_be_deployed_before_its_tenant(project: Path) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", upstream=lambda _: None)
    assert refused.value.code == "stack-missing"
    assert refused.value.hint == "make tenants-up STACK=dev TENANT=tenant-a"
