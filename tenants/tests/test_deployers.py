"""What a tenant's deployers may do in its namespaces, and how they get in."""

from __future__ import annotations

from collections.abc import Callable

from shared.testing import Run

RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
READ = {"get", "list", "watch"}
WRITE = READ | {"create", "update", "patch", "delete"}
SCALE = {"get", "update", "patch"}

COUNTED = {
    ("", "configmaps"): "configmaps",
    ("", "persistentvolumeclaims"): "persistentvolumeclaims",
    ("", "secrets"): "secrets",
    ("", "services"): "services",
    ("apps", "deployments"): "count/deployments.apps",
    ("apps", "statefulsets"): "count/statefulsets.apps",
    ("autoscaling", "horizontalpodautoscalers"): "count/horizontalpodautoscalers.autoscaling",
    ("batch", "cronjobs"): "count/cronjobs.batch",
    ("batch", "jobs"): "count/jobs.batch",
    ("external-secrets.io", "externalsecrets"): "count/externalsecrets.external-secrets.io",
    ("networking.k8s.io", "ingresses"): "count/ingresses.networking.k8s.io",
    ("policy", "poddisruptionbudgets"): "count/poddisruptionbudgets.policy",
}
"""What deployers write, with the key of the quota that bounds it."""


def rights(run: Run) -> dict[tuple[str, str], set[str]]:
    return {
        (group, resource): set(rule["verbs"])
        for rule in run.one(f"{RBAC}:Role").inputs["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_deployers_write_application_objects_and_read_what_shows_their_state(tenant_a: Run) -> None:
    assert rights(tenant_a) == {
        **dict.fromkeys(COUNTED, WRITE),
        ("apps", "deployments/scale"): SCALE,
        ("apps", "statefulsets/scale"): SCALE,
        ("", "limitranges"): READ,
        ("", "resourcequotas"): READ,
        ("networking.k8s.io", "networkpolicies"): READ,
        ("", "endpoints"): READ,
        ("", "events"): READ,
        ("", "pods"): READ,
        ("", "pods/log"): READ,
        ("apps", "controllerrevisions"): READ,
        ("apps", "replicasets"): READ,
        ("discovery.k8s.io", "endpointslices"): READ,
        ("events.k8s.io", "events"): READ,
        ("external-secrets.io", "secretstores"): READ,
    }


def test_they_read_their_guardrails_and_change_none(tenant_a: Run) -> None:
    found = rights(tenant_a)
    for what in (("networking.k8s.io", "networkpolicies"), ("", "resourcequotas"), ("", "limitranges")):
        assert found[what] == READ
    touched = {resource for _, resource in found}
    assert not touched & {
        "roles",
        "rolebindings",
        "serviceaccounts",
        "serviceaccounts/token",
        "pods/exec",
        "pods/ephemeralcontainers",
        "namespaces",
        "users",
        "groups",
    }


def test_no_right_is_a_wildcard_and_none_hands_on_rights(tenant_a: Run) -> None:
    for what, verbs in rights(tenant_a).items():
        assert not {"*", "escalate", "bind", "impersonate", "deletecollection"} & verbs
        assert "*" not in what


def test_whatever_they_may_create_is_counted_by_the_quota(tenant_a: Run) -> None:
    hard = tenant_a.one("kubernetes:core/v1:ResourceQuota", "tenant-a-quota").inputs["spec"]["hard"]
    creatable = {what for what, verbs in rights(tenant_a).items() if "create" in verbs}
    assert creatable == set(COUNTED)
    # Where the cluster has no such kind, none can be made: test_secret_store.py.
    assert set(COUNTED.values()) - hard.keys() == {"count/externalsecrets.external-secrets.io"}


def test_the_role_is_bound_only_to_the_tenants_group(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({"namespaces": ["shop", "shop-batch"]})
    bindings = run.registered(f"{RBAC}:RoleBinding")
    assert sorted(b.inputs["metadata"]["namespace"] for b in bindings) == ["shop", "shop-batch"]
    for binding in bindings:
        assert (binding.inputs["roleRef"]["kind"], binding.inputs["roleRef"]["name"]) == ("Role", "deployers")
        assert binding.inputs["subjects"] == [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "tenant:shop:deployers"}
        ]
    assert run.registered(f"{RBAC}:ClusterRoleBinding") == []


def test_the_deployer_role_enters_in_that_group_and_by_no_access_policy(tenant_a: Run) -> None:
    entry = tenant_a.one("aws:eks/accessEntry:AccessEntry").inputs
    assert entry["clusterName"] == "eks-cluster-dev"
    assert (
        entry["principalArn"] == "arn:aws:iam::123456789012:role/eks-platform/dev/deployers/eks-tenant-a-deployer-dev"
    )
    assert entry["kubernetesGroups"] == ["tenant:tenant-a:deployers", "platform:deployers"]
    assert tenant_a.registered("aws:eks/accessPolicyAssociation:AccessPolicyAssociation") == []


def test_the_access_entry_is_replaced_with_the_deployer_role(tenant_a: Run) -> None:
    """EKS keeps the role's unique id, so that the entry of a role that is gone admits nobody."""
    entry = tenant_a.one("aws:eks/accessEntry:AccessEntry")
    assert entry.replacement_trigger == "AROA-eks-tenant-a-deployer-dev"
    assert entry.delete_before_replace
