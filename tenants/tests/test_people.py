"""Owners and viewers of a tenant, and who else may deploy for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from shared.testing import Registered, Run

RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
READ = ["get", "list", "watch"]
WRITE = [*READ, "create", "update", "patch", "delete"]
LEAD, DEV, SUPPORT, BUILD = (f"arn:aws:iam::123456789012:role/{name}" for name in ("lead", "dev", "support", "build"))
PEOPLE = {
    "owners": {"principals": [LEAD]},
    "developers": {"principals": [DEV], "groups": ["oidc:devs"]},
    "viewers": {"principals": [SUPPORT], "groups": ["oidc:support"]},
    "ci": {"principals": [BUILD]},
}


def rights(run: Run, role: str) -> dict[tuple[str, str], list[str]]:
    return {
        (group, resource): rule["verbs"]
        for rule in run.one(f"{RBAC}:Role", role).inputs["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def trusted(role: Registered) -> Any:
    statements = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    return [one["Principal"].get("AWS") for one in statements]


def subjects(run: Run, binding: str) -> list[str]:
    return [one["name"] for one in run.one(f"{RBAC}:RoleBinding", binding).inputs["subjects"]]


def test_a_file_without_people_has_the_deployer_role_and_no_other_for_people(tenant_a: Run) -> None:
    assert {role.name for role in tenant_a.registered("aws:iam/role:Role")} == {"workload", "deployer", "ci"}
    assert [entry.name for entry in tenant_a.registered("aws:eks/accessEntry:AccessEntry")] == ["deployers"]
    assert tenant_a.outputs["people_role_arns"] == {"developers": tenant_a.outputs["deployer_role_arn"]}


def test_each_role_trusts_its_principals_alone(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"people": PEOPLE, "deployer_principal_arns": ["arn:aws:iam::123456789012:role/old"]})
    roles = {role.name: role for role in run.registered("aws:iam/role:Role")}
    assert trusted(roles["owner"]) == [LEAD]
    assert trusted(roles["viewer"]) == [SUPPORT]
    ci = "arn:aws:iam::123456789012:role/eks-platform/dev/ci/eks-shop-ci-dev"
    assert trusted(roles["deployer"]) == [["arn:aws:iam::123456789012:role/old", DEV, ci]]
    assert trusted(roles["ci"]) == [None, BUILD]
    assert {roles[name].inputs["path"] for name in ("owner", "viewer")} == {"/eks-platform/dev/people/"}
    assert all(role.inputs["permissionsBoundary"] for role in roles.values())


def test_each_role_enters_the_cluster_as_its_own_group(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"people": PEOPLE})
    entries = {
        entry.name: (entry.inputs["principalArn"].rpartition("/")[2], entry.inputs["kubernetesGroups"])
        for entry in run.registered("aws:eks/accessEntry:AccessEntry")
    }
    assert entries == {
        "deployers": ("eks-shop-deployer-dev", ["tenant:shop:deployers", "platform:deployers"]),
        "owners": ("eks-shop-owner-dev", ["tenant:shop:owners", "platform:deployers"]),
        "viewers": ("eks-shop-viewer-dev", ["tenant:shop:viewers", "platform:deployers"]),
    }
    assert subjects(run, "shop-owners") == ["tenant:shop:owners"]
    assert subjects(run, "shop-deployers") == ["tenant:shop:deployers", "oidc:devs"]
    assert subjects(run, "shop-viewers") == ["tenant:shop:viewers", "oidc:support"]
    assert sorted(run.outputs["people_role_arns"]) == ["developers", "owners", "viewers"]


def test_a_role_with_groups_alone_is_bound_and_has_no_iam_role(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"people": {"viewers": {"groups": ["oidc:support"]}}})
    assert subjects(run, "shop-viewers") == ["oidc:support"]
    assert not [role for role in run.registered("aws:iam/role:Role") if role.name == "viewer"]
    assert sorted(run.outputs["people_role_arns"]) == ["developers"]


def test_viewers_read_everything_but_secrets_and_write_nothing(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"people": PEOPLE})
    deployers, viewers = rights(run, "shop-deployers"), rights(run, "shop-viewers")
    assert set(map(tuple, viewers.values())) == {tuple(READ)}
    assert {key for key in deployers if key not in viewers} == {
        ("", "secrets"),
        ("apps", "deployments/scale"),
        ("apps", "statefulsets/scale"),
    }
    assert viewers.keys() <= deployers.keys()


def test_owners_also_write_what_admission_keeps_inside_the_namespace(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"people": PEOPLE})
    deployers, owners = rights(run, "shop-deployers"), rights(run, "shop-owners")
    assert {key: verbs for key, verbs in owners.items() if deployers.get(key) != verbs} == {
        ("networking.k8s.io", "networkpolicies"): WRITE,
        ("rbac.authorization.k8s.io", "roles"): WRITE,
        ("rbac.authorization.k8s.io", "rolebindings"): WRITE,
    }
    hard = run.one("kubernetes:core/v1:ResourceQuota", "shop-quota").inputs["spec"]["hard"]
    assert {f"count/{resource}.{group}" for group, resource in owners.keys() - deployers.keys()} <= hard.keys()


def test_people_get_in_only_once_the_guardrails_exist(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"people": PEOPLE})
    guardrails = run.registered("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    guardrails += run.registered("kubernetes:core/v1:ResourceQuota")
    for entry in run.registered("aws:eks/accessEntry:AccessEntry"):
        assert all(run.comes_after(entry, guardrail) for guardrail in guardrails), entry.urn


def test_owners_keep_secrets_and_viewers_only_find_the_cluster(run_tenant: Callable[..., Run]) -> None:
    from tests.everything_on import upstream

    policies = run_tenant({"people": PEOPLE}, upstream=upstream).registered("aws:iam/rolePolicy:RolePolicy")
    by_role = {
        name: sorted(one.name for one in policies if one.inputs["role"] == f"eks-shop-{name}-dev")
        for name in ("owner", "viewer")
    }
    assert by_role == {"owner": ["owners-find-cluster", "owners-keep-secrets"], "viewer": ["viewers-find-cluster"]}
