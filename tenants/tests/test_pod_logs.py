"""Log groups of a tenant's namespaces: named as the agent writes to them, and with an end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.program_errors import ProgramError
from shared.testing import Run, run_program
from tests.fluent_bit_files import read
from tooling.paths import REPOSITORY

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


def groups(run: Run) -> dict[str, int]:
    """Days by name."""
    return {group.inputs["name"]: group.inputs["retentionInDays"] for group in run.registered(LOG_GROUP)}


def test_each_namespace_has_a_group_that_ends_after_thirty_days(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"namespaces": ["shop", "shop-batch"]})
    assert groups(run) == {
        "/eks/eks-cluster-dev/tenants/shop": 30,
        "/eks/eks-cluster-dev/tenants/shop-batch": 30,
    }
    group = run.one(LOG_GROUP, "shop-pods").inputs
    assert group["tags"] == {"Name": "eks-shop-pod-logs-dev", "tenant": "shop"}
    assert group["kmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/secrets-id"


def test_the_tenants_file_says_how_long_they_keep(run_tenant: Callable[..., Run]) -> None:
    assert set(groups(run_tenant({"log_retention_days": 365})).values()) == {365}


@pytest.mark.parametrize("days", [0, 31, True, "a month"])
def test_only_what_cloudwatch_can_keep_is_taken(run_tenant: Callable[..., Run], days: object) -> None:
    with pytest.raises(ProgramError) as refused:
        run_tenant({"log_retention_days": days})
    assert (refused.value.code, "log_retention_days" in refused.value.what) == ("tenant-invalid", True)


def test_the_agent_writes_to_the_groups_that_are_made_here(tenant_a: Run) -> None:
    """One name, in two tiers: the agent puts the namespace in place of the variable."""
    addons = run_program(REPOSITORY / "platform-addons", stack="dev")
    config = addons.one("kubernetes:core/v1:ConfigMap", "fluent-bit-config").inputs["data"]["fluent-bit.conf"]
    (template,) = [
        section.entries["log_group_template"] for section in read(config) if "log_group_template" in section.entries
    ]
    assert list(groups(tenant_a)) == [template.replace("$kubernetes['namespace_name']", "tenant-a")]


def test_a_namespace_comes_after_its_group(tenant_a: Run) -> None:
    namespace = tenant_a.one("kubernetes:core/v1:Namespace", "tenant-a")
    assert tenant_a.comes_after(namespace, tenant_a.one(LOG_GROUP, "tenant-a-pods"))


def test_a_tenant_is_bound_in_its_own_namespaces_and_never_in_the_platforms(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"namespaces": ["shop", "shop-batch"]})
    bound = {binding.inputs["metadata"]["namespace"] for binding in run.registered(f"{RBAC}:RoleBinding")}
    assert bound == {"shop", "shop-batch"}
    with pytest.raises(ProgramError) as refused:
        run_tenant({}, name="logging")
    assert refused.value.code == "tenant-invalid"
    assert "namespace 'logging' is reserved for the platform" in refused.value.what
