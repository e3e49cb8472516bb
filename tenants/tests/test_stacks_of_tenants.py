"""Which tenant a stack is, what it refuses to be, and what it promises applications."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.contracts import Tenant
from shared.errors import PlatformError
from shared.testing import UNKNOWN, Run, contract_outputs, run_program


def test_every_field_of_the_contract_is_published_by_value(tenant_a: Run) -> None:
    assert tenant_a.outputs == contract_outputs(Tenant)


def test_the_kubeconfig_signs_in_as_the_deployer_in_the_tenants_namespace(tenant_a: Run) -> None:
    kubeconfig = json.loads(tenant_a.outputs["kubeconfig"])
    (context,) = kubeconfig["contexts"]
    assert context["context"]["namespace"] == "tenant-a"
    (user,) = kubeconfig["users"]
    assert user["user"]["exec"]["args"][-2:] == ["--role-arn", tenant_a.outputs["deployer_role_arn"]]


def test_the_contract_speaks_of_the_deployer_only_once_it_can_sign_in(project: Path) -> None:
    outputs = run_program(project, stack="dev.tenant-a", preview=True).outputs
    assert outputs["deployer_role_arn"] is UNKNOWN
    assert outputs["kubeconfig"] is UNKNOWN


@pytest.mark.parametrize(
    ("stack", "code", "says"),
    [
        ("dev", "stack-name-invalid", "names no tenant"),
        ("dev.tenant-z", "tenant-unknown", "tenant-z"),
        ("dev.Tenant-A", "name-invalid", "DNS label"),
        ("dve.tenant-a", "environment-unknown", 'did you mean "dev"?'),
    ],
    ids=["no-tenant", "unknown-tenant", "not-a-name", "unknown-environment"],
)
def test_a_stack_that_is_no_tenants_is_refused(project: Path, stack: str, code: str, says: str) -> None:
    with pytest.raises(PlatformError) as refused:
        run_program(project, stack=stack)
    assert refused.value.code == code
    assert says in refused.value.what


def test_a_tenant_is_not_deployed_where_it_does_not_exist(run_tenant: Callable[..., Run]) -> None:
    with pytest.raises(PlatformError) as refused:
        run_tenant({"environments": ["prod"]})
    assert refused.value.code == "tenant-elsewhere"
    assert refused.value.hint == "add dev to environments in tenants/catalog/shop.yaml"


def test_a_key_in_a_stack_file_is_refused(project: Path) -> None:
    with pytest.raises(PlatformError) as refused:
        run_program(project, stack="dev.tenant-a", config={"pods": 50})
    assert refused.value.code == "settings-invalid"
    assert "pods" in refused.value.what


def test_a_tenant_can_be_previewed_before_anything_exists(project: Path) -> None:
    run = run_program(project, stack="dev.tenant-a", upstream=lambda _: None, preview=True)
    assert run.registered("kubernetes:core/v1:Namespace")
    assert len(run.registered("kubernetes:networking.k8s.io/v1:NetworkPolicy")) == 6
    assert [warning.splitlines()[-1] for warning in run.warnings] == [
        "hint: make infrastructure-up STACK=dev",
        "hint: make platform-addons-up STACK=dev",
    ]
