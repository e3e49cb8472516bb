"""The tenant's store of Secrets, where tier 2 has external-secrets, and how far its roles reach in Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import PlatformAddons
from shared.testing import Registered, Run, contract_outputs, every_contract, run_program

ADDON = "external-secrets"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
STORE = "kubernetes:external-secrets.io/v1:SecretStore"
SECRETS = "arn:aws:secretsmanager:us-east-1:123456789012:secret:eks-cluster-dev/{tenant}/*"


def with_the_addon(reference: str) -> Mapping[str, Any] | None:
    if "/platform-addons/" in reference:
        return contract_outputs(PlatformAddons, addons=[ADDON])
    return every_contract(reference)


@pytest.fixture(scope="module")
def on(project: Path) -> Run:
    return run_program(project, stack="dev.tenant-a", upstream=with_the_addon)


def named(run: Run, kind: str) -> list[Registered]:
    return [one for one in run.registered(kind) if one.inputs["metadata"]["name"] == ADDON]


def statement(run: Run, policy: str) -> dict[str, Any]:
    (only,) = json.loads(run.one("aws:iam/rolePolicy:RolePolicy", policy).inputs["policy"])["Statement"]
    return only


def test_without_the_addon_there_is_none(tenant_a: Run) -> None:
    assert tenant_a.registered(STORE) == []
    assert named(tenant_a, f"{RBAC}:Role") == []
    policies = [one.name for one in tenant_a.registered("aws:iam/rolePolicy:RolePolicy")]
    assert sorted(policies) == ["bucket-prefix", "ci-enter-cluster", "ci-images", "find-cluster"]


def test_the_store_reads_below_the_tenants_prefix_as_the_tenants_account(on: Run) -> None:
    store = on.one(STORE).inputs
    assert store["metadata"]["name"] == "tenant"
    assert store["metadata"]["namespace"] == "tenant-a"
    assert store["metadata"]["labels"] == {
        "platform.internal/tenant": "tenant-a",
        "app.kubernetes.io/managed-by": "platform",
    }
    assert store["spec"] == {
        "provider": {
            "aws": {
                "service": "SecretsManager",
                "region": "us-east-1",
                "prefix": "eks-cluster-dev/tenant-a/",
                "auth": {"jwt": {"serviceAccountRef": {"name": "tenant"}}},
            }
        }
    }


def test_the_controller_writes_secrets_here_and_takes_on_the_tenants_account_alone(on: Run) -> None:
    (role,) = named(on, f"{RBAC}:Role")
    assert role.inputs["metadata"]["namespace"] == "tenant-a"
    rights = {
        (rule["apiGroups"][0], rule["resources"][0], *rule.get("resourceNames", [])): rule["verbs"]
        for rule in role.inputs["rules"]
    }
    assert rights == {
        ("", "secrets"): ["get", "create", "update", "patch", "delete"],
        ("", "serviceaccounts/token", "tenant"): ["create"],
        ("external-secrets.io", "externalsecrets/status"): ["get", "update", "patch"],
        ("external-secrets.io", "secretstores/status"): ["get", "update", "patch"],
        ("", "events"): ["create", "patch"],
    }
    (binding,) = named(on, f"{RBAC}:RoleBinding")
    assert binding.inputs["roleRef"]["name"] == ADDON
    assert binding.inputs["subjects"] == [{"kind": "ServiceAccount", "name": ADDON, "namespace": ADDON}]


def test_external_secrets_are_counted_where_the_cluster_has_them(on: Run, tenant_a: Run) -> None:
    row, quota = "count/externalsecrets.external-secrets.io", "kubernetes:core/v1:ResourceQuota"
    assert on.one(quota, "tenant-a-quota").inputs["spec"]["hard"][row] == "20"
    # A row for a kind that the quota controller does not know refuses each one of it.
    assert row not in tenant_a.one(quota, "tenant-a-quota").inputs["spec"]["hard"]


def test_the_store_is_created_after_the_guardrails_and_the_controllers_permissions(on: Run) -> None:
    guardrails = on.registered("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    guardrails += [*on.registered("kubernetes:core/v1:ResourceQuota"), *named(on, f"{RBAC}:RoleBinding")]
    assert all(on.comes_after(on.one(STORE), guardrail) for guardrail in guardrails)


def test_each_namespace_has_its_own(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"namespaces": ["shop", "shop-batch"]}, upstream=with_the_addon)
    for kind in (STORE, f"{RBAC}:Role", f"{RBAC}:RoleBinding"):
        found = run.registered(kind) if kind == STORE else named(run, kind)
        assert sorted(one.inputs["metadata"]["namespace"] for one in found) == ["shop", "shop-batch"]


def test_pods_read_what_is_below_the_prefix_and_nothing_else(on: Run) -> None:
    assert on.one("aws:iam/rolePolicy:RolePolicy", "read-secrets").inputs["role"] == "eks-tenant-a-workload-dev"
    assert statement(on, "read-secrets") == {
        "Sid": "ReadOwnSecrets",
        "Effect": "Allow",
        "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
        "Resource": SECRETS.format(tenant="tenant-a"),
    }


def test_deployers_keep_secrets_below_the_prefix_and_read_none(on: Run) -> None:
    assert on.one("aws:iam/rolePolicy:RolePolicy", "keep-secrets").inputs["role"] == "eks-tenant-a-deployer-dev"
    keep = statement(on, "keep-secrets")
    assert keep["Resource"] == SECRETS.format(tenant="tenant-a")
    assert set(keep["Action"]) == {
        f"secretsmanager:{action}"
        for action in (
            "CreateSecret",
            "DeleteSecret",
            "DescribeSecret",
            "PutSecretValue",
            "RestoreSecret",
            "TagResource",
        )
    }
