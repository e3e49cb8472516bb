"""What several tiers build with: the role of a workload, an EKS add-on, roles with bindings, network policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.meta import v1 as meta

from shared.eks_addons import AddonRole, EksAddonArgs, eks_addon
from shared.iam import IdentityMethod, pod_identity_trust, service_account_trust
from shared.kubernetes_labels import ROLE_ARN_ANNOTATION
from shared.network_policies import from_ranges, network_policy
from shared.rbac import bind_in_namespace, group_subject, rule
from shared.testing import Run, run_program
from shared.workload_roles import ClusterIdentity, Policy, WorkloadRole, WorkloadRoleArgs

CLUSTER = "arn:aws:eks:us-east-1:123456789012:cluster/one"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.example/id/1"
ISSUER = "https://oidc.example/id/1"
OPTS = pulumi.ResourceOptions()
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"


def registered(program: Callable[[], None]) -> Run:
    return run_program(program, check_providers=False)


def role_args(method: IdentityMethod, **changed: Any) -> WorkloadRoleArgs:
    identity = ClusterIdentity(
        method=method,
        partition="aws",
        cluster_name="one",
        cluster_arn=CLUSTER,
        oidc_provider_arn=PROVIDER,
        oidc_issuer_url=ISSUER,
    )
    arguments: dict[str, Any] = {
        "identity": identity,
        "role_name": "eks-reports",
        "service_account": "reports",
        "namespaces": ["a", "b"],
        "associations": {"a": "reports-a", "b": "reports-b"},
        **changed,
    }
    return WorkloadRoleArgs(**arguments)


def a_role(method: IdentityMethod, **changed: Any) -> tuple[Run, list[WorkloadRole]]:
    made: list[WorkloadRole] = []
    return registered(lambda: made.append(WorkloadRole("reports", role_args(method, **changed), OPTS))), made


def test_by_irsa_the_annotation_names_the_role_and_nothing_is_associated() -> None:
    run, (made,) = a_role("irsa")
    trust = json.loads(run.one("aws:iam/role:Role", "reports").inputs["assumeRolePolicy"])
    assert trust == json.loads(
        service_account_trust(
            oidc_provider_arn=PROVIDER, oidc_issuer_url=ISSUER, namespaces=["a", "b"], service_account="reports"
        )
    )
    assert list(made.annotations) == [ROLE_ARN_ANNOTATION]
    assert run.registered(ASSOCIATION) == []


def test_by_pod_identity_the_account_of_each_namespace_is_associated_after_the_policies() -> None:
    run, (made,) = a_role("pod-identity", policies={"reports-read": Policy(name="read", document="{}")})
    trust = json.loads(run.one("aws:iam/role:Role", "reports").inputs["assumeRolePolicy"])
    assert trust == json.loads(
        pod_identity_trust(cluster_arn=CLUSTER, namespaces=["a", "b"], service_account="reports")
    )
    assert made.annotations == {}
    policy = run.one("aws:iam/rolePolicy:RolePolicy", "reports-read")
    for namespace in ("a", "b"):
        association = run.one(ASSOCIATION, f"reports-{namespace}")
        assert (association.inputs["namespace"], association.inputs["serviceAccount"]) == (namespace, "reports")
        assert policy.urn in association.depends_on


@pytest.mark.parametrize("method", ["irsa", "pod-identity"])
def test_policies_and_boundary_are_the_same_by_both_methods(method: IdentityMethod) -> None:
    run, _ = a_role(
        method,
        permissions_boundary="arn:aws:iam::123456789012:policy/most",
        policies={"reports-read": Policy(name="read", document="{}")},
        managed_policies=["service-role/AmazonEBSCSIDriverPolicy"],
    )
    assert run.one("aws:iam/role:Role").inputs["permissionsBoundary"] == "arn:aws:iam::123456789012:policy/most"
    assert run.one("aws:iam/rolePolicy:RolePolicy", "reports-read").inputs["policy"] == "{}"
    attached = run.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "reports-AmazonEBSCSIDriverPolicy")
    assert attached.inputs["policyArn"] == "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("irsa", {"serviceAccountRoleArn": "role"}),
        ("pod-identity", {"podIdentityAssociations": [{"roleArn": "role", "serviceAccount": "driver"}]}),
    ],
)
def test_an_eks_add_on_gets_its_role_by_the_method_of_the_cluster(method: IdentityMethod, given: Any) -> None:
    role = AddonRole(method=method, service_account="driver", arn="role", ready=[])
    args = EksAddonArgs(cluster_name="one", version="v1", tag="driver-dev", role=role)
    run = registered(lambda: eks_addon("driver", args, OPTS) and None)
    inputs = run.one("aws:eks/addon:Addon", "driver").inputs
    keys = ("serviceAccountRoleArn", "podIdentityAssociations")
    assert {key: inputs[key] for key in keys if key in inputs} == given


def test_a_role_is_made_after_what_protects_the_namespace() -> None:
    def program() -> None:
        guardrail = network_policy("deny", meta.ObjectMetaArgs(name="deny", namespace="a"), OPTS, ingress=(), egress=())
        metadata = meta.ObjectMetaArgs(name="people", namespace="a")
        bind_in_namespace("a-people", metadata, group_subject("a"), [rule("", ["pods"])], OPTS, after=[guardrail])

    run = registered(program)
    role = run.one("kubernetes:rbac.authorization.k8s.io/v1:Role", "a-people")
    binding = run.one("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "a-people")
    guardrail = run.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "deny")
    assert run.comes_after(role, guardrail)
    assert run.comes_after(binding, role)
    assert role.inputs["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    assert binding.inputs["subjects"] == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "a"}]


def test_a_network_policy_is_about_the_directions_that_it_has_rules_for() -> None:
    metadata = meta.ObjectMetaArgs(name="web", namespace="a")
    run = registered(
        lambda: (
            network_policy("web", metadata, OPTS, pods={"app": "web"}, ingress=from_ranges(["10.0.0.0/24"], [80]))
            and None
        )
    )
    assert run.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "web").inputs["spec"] == {
        "podSelector": {"matchLabels": {"app": "web"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/24"}}], "ports": [{"port": 80, "protocol": "TCP"}]},
        ],
    }


def test_no_rules_in_a_direction_deny_it() -> None:
    metadata = meta.ObjectMetaArgs(name="deny", namespace="a")
    run = registered(lambda: network_policy("deny", metadata, OPTS, ingress=(), egress=()) and None)
    assert run.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "deny").inputs["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [],
    }
