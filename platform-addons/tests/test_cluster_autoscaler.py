"""The cluster autoscaler: what it may do in AWS and in the cluster, how it runs, what it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.program_errors import ProgramInputError
from shared.testing import Run, run_program
from shared.versions import CLUSTER_AUTOSCALER_IMAGE, KUBERNETES

NAME = "cluster-autoscaler"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


def pod(run: Run) -> dict[str, Any]:
    return run.one(DEPLOYMENT, NAME).inputs["spec"]["template"]["spec"]


def container(run: Run) -> dict[str, Any]:
    (only,) = pod(run)["containers"]
    return only


def granted(run: Run, kind: str) -> dict[tuple[str, str], set[str]]:
    return {
        (group, resource): set(rule["verbs"])
        for rule in run.one(f"{RBAC}:{kind}", NAME).inputs["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_only_its_own_service_account_may_assume_the_role(dev: Run) -> None:
    role = dev.one("aws:iam/role:Role", NAME).inputs
    assert role["name"] == "eks-cluster-autoscaler-dev"
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    issuer = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{issuer}"}
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": "system:serviceaccount:kube-system:cluster-autoscaler",
        }
    }


def test_it_writes_only_to_groups_tagged_as_this_clusters(dev: Run) -> None:
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", NAME).inputs
    assert policy["role"] == "eks-cluster-autoscaler-dev"
    read, write = json.loads(policy["policy"])["Statement"]
    assert all(action.split(":")[1].startswith(("Describe", "Get")) for action in read["Action"])
    assert "eks:DescribeNodegroup" in read["Action"]
    assert write["Action"] == ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
    assert write["Condition"] == {
        "StringEquals": {"autoscaling:ResourceTag/k8s.io/cluster-autoscaler/eks-cluster-dev": "owned"}
    }


def test_its_account_has_the_role_and_mounts_no_token_by_default(dev: Run) -> None:
    account = dev.one("kubernetes:core/v1:ServiceAccount", NAME).inputs
    assert account["metadata"]["name"] == "cluster-autoscaler"
    assert account["metadata"]["namespace"] == "kube-system"
    assert account["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/eks-cluster-autoscaler-dev"
    }
    assert account["automountServiceAccountToken"] is False


def test_cluster_wide_it_changes_nodes_evicts_pods_and_reads_the_rest(dev: Run) -> None:
    rights = granted(dev, "ClusterRole")
    writing = {what: verbs - {"get", "list", "watch"} for what, verbs in rights.items()}
    assert {what: verbs for what, verbs in writing.items() if verbs} == {
        ("", "events"): {"create", "patch"},
        ("", "nodes"): {"update"},
        ("", "pods/eviction"): {"create"},
        ("", "pods/status"): {"update"},
        ("batch", "jobs"): {"patch"},
    }
    assert not {("", "secrets"), ("", "configmaps")} & rights.keys()
    assert not any("*" in (*what, *verbs) for what, verbs in rights.items())


def test_leases_and_status_stay_in_its_own_namespace(dev: Run) -> None:
    role = dev.one(f"{RBAC}:Role", NAME).inputs
    assert role["metadata"]["namespace"] == "kube-system"
    named = [rule.get("resourceNames") for rule in role["rules"] if {"get", "update", "delete"} & set(rule["verbs"])]
    assert named == [["cluster-autoscaler-status"], ["cluster-autoscaler"]]


@pytest.mark.parametrize(("binding", "role"), [("ClusterRoleBinding", "ClusterRole"), ("RoleBinding", "Role")])
def test_its_rights_are_bound_to_its_account_alone(dev: Run, binding: str, role: str) -> None:
    bound = dev.one(f"{RBAC}:{binding}", NAME).inputs
    assert (bound["roleRef"]["kind"], bound["roleRef"]["name"]) == (role, NAME)
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "cluster-autoscaler", "namespace": "kube-system"}]


def test_it_finds_node_groups_by_tags_of_this_cluster(dev: Run) -> None:
    assert container(dev)["command"] == [
        "./cluster-autoscaler",
        "--cloud-provider=aws",
        "--node-group-auto-discovery=asg:tag="
        "k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/eks-cluster-dev",
        "--expander=least-waste",
        "--scale-down-unneeded-time=10m",
        "--balance-similar-node-groups",
        "--skip-nodes-with-local-storage=false",
        "--logtostderr=true",
        "--v=2",
    ]


def test_it_is_told_its_region_as_instance_metadata_is_closed(dev: Run) -> None:
    assert container(dev)["env"] == [{"name": "AWS_REGION", "value": "us-east-1"}]


def test_settings_reach_its_command(project: Path) -> None:
    run = run_program(
        project, stack="dev", config={"autoscaler_expander": "most-pods", "autoscaler_unneeded_minutes": 25}
    )
    command = container(run)["command"]
    assert "--expander=most-pods" in command
    assert "--scale-down-unneeded-time=25m" in command


def test_its_pod_is_hardened(dev: Run) -> None:
    assert pod(dev)["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(dev)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container(dev)["resources"] == {
        "requests": {"cpu": "100m", "memory": "600Mi"},
        "limits": {"cpu": "500m", "memory": "600Mi"},
    }
    assert container(dev)["livenessProbe"]["httpGet"] == {"path": "/health-check", "port": 8085}


def test_it_is_one_critical_pod_that_a_drain_may_move(dev: Run) -> None:
    assert dev.one(DEPLOYMENT, NAME).inputs["metadata"]["namespace"] == "kube-system"
    assert dev.one(DEPLOYMENT, NAME).inputs["spec"]["replicas"] == 1
    assert pod(dev)["priorityClassName"] == "system-cluster-critical"
    assert pod(dev)["serviceAccountName"] == "cluster-autoscaler"
    budget = dev.one("kubernetes:policy/v1:PodDisruptionBudget", NAME).inputs["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == dev.one(DEPLOYMENT, NAME).inputs["spec"]["selector"]["matchLabels"]


def test_its_image_is_of_the_clusters_minor(dev: Run) -> None:
    assert container(dev)["image"] == CLUSTER_AUTOSCALER_IMAGE.value
    assert f":v{KUBERNETES.value}." in CLUSTER_AUTOSCALER_IMAGE.value


def test_it_starts_once_its_rights_are_there(dev: Run) -> None:
    needed = [
        dev.one("aws:iam/rolePolicy:RolePolicy", NAME),
        dev.one(f"{RBAC}:ClusterRoleBinding", NAME),
        dev.one(f"{RBAC}:RoleBinding", NAME),
        dev.one("kubernetes:core/v1:ServiceAccount", NAME),
    ]
    assert all(dev.comes_after(dev.one(DEPLOYMENT, NAME), resource) for resource in needed)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"autoscaler_expandr": "random"}, 'did you mean "autoscaler_expander"?'),
        ({"autoscaler_expander": "price"}, "autoscaler_expander"),
        ({"autoscaler_unneeded_minutes": 0}, "autoscaler_unneeded_minutes"),
    ],
    ids=["unknown-key", "unknown-expander", "no-time"],
)
def test_a_wrong_setting_is_refused_by_name(project: Path, config: dict[str, object], says: str) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config=config)
    assert refused.value.code == "settings-invalid"
    assert says in refused.value.what
