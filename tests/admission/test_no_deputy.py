"""No deputy: nothing of the platform that runs in the cluster has rights that a tenant could borrow by what it writes.

What acts on tenants' objects all the same is named here with what keeps it in bounds.
"""

from __future__ import annotations

from typing import Any

import pytest

from shared.kubernetes_labels import DEPLOYERS_GROUP
from shared.testing import Run, run_program
from tests.everything_on import SETTINGS, STACKS, upstream
from tooling.paths import REPOSITORY

RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
WORKLOADS = tuple(f"kubernetes:apps/v1:{kind}" for kind in ("DaemonSet", "Deployment", "StatefulSet"))

ACCEPTED = {
    "aws-load-balancer-controller": "Ingresses make it write load balancers: the admission policies admit a tenant's "
    "own hosts and group and a list of annotations, and its AWS role changes only what bears the cluster's tag",
    "cluster-autoscaler": "pods that wait make it add nodes: within the namespace's quota and the groups' max_size",
    "fluent-bit": "what pods print it sends to CloudWatch: to the group of the pod's own namespace, by a label that no "
    "tenant writes, and its AWS role can do nothing but write to groups of this cluster's pods",
    "external-secrets": "ExternalSecrets make it write Secrets: in namespaces of tenants, where tier 3 lets it, from "
    "the tenant's own store, as the tenant's own service account, whose AWS role ends at the tenant's prefix",
    "external-dns": "hosts of Ingresses make it write records: the admission policies admit a tenant's own hosts, "
    "and its AWS role the named zones and domains",
}
"""Workloads of ours that act in the cluster on what tenants write."""
SECRET_WATCHERS = {
    "external-secrets": "it asks for metadata alone, which RBAC cannot tell from the rest; it may get none, and write "
    "none but where tier 3 lets it",
}
"""Who may list the Secrets of all namespaces, and why."""
READING = "platform-deployers"
"""ClusterRole of what every deployer may read of the cluster."""
FORBIDDEN_VERBS = {"*", "bind", "escalate", "impersonate"}


@pytest.fixture(scope="module")
def tiers() -> dict[str, Run]:
    return {
        project: run_program(REPOSITORY / project, stack=STACKS.get(project, "dev"), config=config, upstream=upstream)
        for project, config in SETTINGS.items()
    }


def rules(run: Run, kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (role.inputs["metadata"]["name"], rule)
        for role in run.registered(f"{RBAC}:{kind}")
        for rule in role.inputs["rules"]
    ]


@pytest.mark.parametrize("kind", ["ClusterRole", "Role"])
def test_no_role_of_ours_is_a_way_to_more_rights(tiers: dict[str, Run], kind: str) -> None:
    found = [(name, rule) for run in tiers.values() for name, rule in rules(run, kind)]
    assert found
    for name, rule in found:
        assert not FORBIDDEN_VERBS & set(rule["verbs"]), (name, rule)
        assert "*" not in rule.get("resources", []), (name, rule)
        assert "*" not in rule.get("apiGroups", []), (name, rule)


def test_bindings_lead_to_roles_of_ours_and_to_one_account_each(tiers: dict[str, Run]) -> None:
    bindings = [binding for run in tiers.values() for binding in run.registered(f"{RBAC}:ClusterRoleBinding")]
    ours = {role.inputs["metadata"]["name"] for run in tiers.values() for role in run.registered(f"{RBAC}:ClusterRole")}
    assert bindings
    for binding in bindings:
        assert binding.inputs["roleRef"]["name"] in ours
        (subject,) = binding.inputs["subjects"]
        if binding.inputs["roleRef"]["name"] == READING:
            assert (subject["kind"], subject["name"]) == ("Group", DEPLOYERS_GROUP)
            continue
        assert subject["kind"] == "ServiceAccount"
        assert subject["namespace"] not in ("default", "tenant-a")


def test_all_deployers_together_read_classes_and_nothing_else(tiers: dict[str, Run]) -> None:
    found = [rule for name, rule in rules(tiers["platform-addons"], "ClusterRole") if name == READING]
    assert {resource for rule in found for resource in rule["resources"]} == {
        "storageclasses",
        "priorityclasses",
        "ingressclasses",
    }
    assert {verb for rule in found for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_nobody_in_the_cluster_reads_all_secrets_or_writes_what_tenants_own(tiers: dict[str, Run]) -> None:
    for name, rule in rules(tiers["platform-addons"], "ClusterRole"):
        resources, verbs = set(rule.get("resources", [])), set(rule["verbs"])
        if name in SECRET_WATCHERS and resources == {"secrets"}:
            assert verbs == {"list", "watch"}
            continue
        assert not {"secrets", "serviceaccounts/token", "pods/exec"} & resources, (name, rule)
        if verbs & {"create", "update", "patch", "delete"}:
            assert not resources & {"pods", "deployments", "roles", "rolebindings", "networkpolicies"}, (name, rule)


def test_every_workload_that_acts_on_tenants_objects_is_named_with_its_bounds(tiers: dict[str, Run]) -> None:
    """Every one that has rights in all namespaces; one without any could not see what a tenant writes."""
    run = tiers["platform-addons"]
    bound = {
        (subject["namespace"], subject["name"])
        for binding in run.registered(f"{RBAC}:ClusterRoleBinding")
        for subject in binding.inputs["subjects"]
        if subject["kind"] == "ServiceAccount"
    }
    acting = {
        workload.inputs["metadata"]["name"]
        for kind in WORKLOADS
        for workload in run.registered(kind)
        if (
            workload.inputs["metadata"]["namespace"],
            workload.inputs["spec"]["template"]["spec"]["serviceAccountName"],
        )
        in bound
    }
    # What a chart runs is not seen here: each counts as if it had rights everywhere.
    charts = {release.inputs["name"] for release in run.registered("kubernetes:helm.sh/v3:Release")}
    assert acting | charts == set(ACCEPTED)


def test_tenants_tier_runs_nothing(tiers: dict[str, Run]) -> None:
    assert [kind for kind in WORKLOADS if tiers["tenants"].registered(kind)] == []
