"""Tier 1 with every optional part on a lane of its own, settled: its cluster half, as AWS and Kubernetes answer.

The tests share one deployment with the other files of this directory and leave it as they found it.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.infrastructure.platform import CLUSTER, Platform

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("everything on")]

GROUPS = ("general", "spot", "arm", "batch", "memory")


def test_the_control_plane_is_as_set(platform: Platform) -> None:
    cluster = platform.aws("eks").describe_cluster(name=CLUSTER)["cluster"]
    assert cluster["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert cluster["zonalShiftConfig"] == {"enabled": True}
    access = cluster["resourcesVpcConfig"]
    assert (access["endpointPublicAccess"], access["endpointPrivateAccess"]) == (True, True)
    assert access["publicAccessCidrs"] == ["198.51.100.0/24"]
    assert cluster["accessConfig"] == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}


def test_only_the_admin_and_what_eks_runs_nodes_with_are_let_in(platform: Platform) -> None:
    entries = platform.aws("eks").list_access_entries(clusterName=CLUSTER)["accessEntries"]
    assert {arn.rsplit("/", 1)[1] for arn in entries} == {
        "eks-admin-role-local",
        "eks-node-role-local",
        "eks-fargate-role-local",
    }


def test_nodes_are_those_of_five_groups_two_of_them_empty(platform: Platform) -> None:
    nodes = [node["metadata"]["labels"] for node in platform.get("nodes")]
    counted = Counter(labels["eks.amazonaws.com/nodegroup"].split("-")[0] for labels in nodes)
    assert counted == {"general": 2, "spot": 1, "arm": 1}
    kinds = {labels["eks.amazonaws.com/nodegroup"].split("-")[0]: labels for labels in nodes}
    assert kinds["spot"]["eks.amazonaws.com/capacityType"] == "SPOT"
    assert kinds["spot"]["lifecycle"] == "spot"
    assert kinds["arm"]["kubernetes.io/arch"] == "arm64"
    assert len(platform.aws("eks").list_nodegroups(clusterName=CLUSTER)["nodegroups"]) == len(GROUPS)


def test_the_autoscaler_can_fill_an_empty_group(platform: Platform) -> None:
    groups = platform.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    tags = {
        tag["Key"]: tag["Value"]
        for group in groups
        if group["AutoScalingGroupName"].startswith("eks-batch-")
        for tag in group["Tags"]
    }
    template = "k8s.io/cluster-autoscaler/node-template"
    assert tags["k8s.io/cluster-autoscaler/enabled"] == "true"
    assert tags[f"k8s.io/cluster-autoscaler/{CLUSTER}"] == "owned"
    assert tags[f"{template}/label/workload"] == "batch"
    assert tags[f"{template}/taint/dedicated"] == "batch:NoSchedule"
    assert tags[f"{template}/resources/ephemeral-storage"] == "200Gi"


def test_a_filled_group_has_nodes_with_its_labels_and_taints_and_a_second_run_would_change_nothing(
    platform: Platform,
) -> None:
    """Not even after a look at AWS, where the group has more nodes by now than the tier made."""
    autoscaling = platform.aws("autoscaling")
    groups = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    (name,) = [group["AutoScalingGroupName"] for group in groups if group["AutoScalingGroupName"].startswith("eks-b")]
    autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    platform.clone.tiers("preview", "infrastructure", "--stack", "local", "--refresh", "--expect-no-changes")
    (node,) = platform.get("nodes", "-l", "workload=batch")
    assert {"key": "dedicated", "value": "batch", "effect": "NoSchedule"} in node["spec"]["taints"]
    autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)


def test_add_ons_run_and_the_cni_is_as_set(platform: Platform, old_addons: dict[str, str]) -> None:
    assert platform.versions() == ("1.34", {"1.34"}, old_addons)
    workloads = {item["metadata"]["name"]: item for item in platform.get("daemonsets,deployments", "-n", "kube-system")}
    assert {"coredns", "ebs-csi-controller", "ebs-csi-node", "eks-pod-identity-agent", "kube-proxy"} <= set(workloads)
    (container,) = workloads["aws-node"]["spec"]["template"]["spec"]["containers"]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert environment["ENABLE_PREFIX_DELEGATION"] == "true"
    assert environment["ENABLE_POD_ENI"] == "true"
    assert environment["POD_SECURITY_GROUP_ENFORCING_MODE"] == "standard"
    assert environment["NETWORK_POLICY_ENFORCING_MODE"] == "standard"
    addon = platform.aws("eks").describe_addon(clusterName=CLUSTER, addonName="vpc-cni")["addon"]
    values = json.loads(addon["configurationValues"])
    assert values["init"]["env"] == {"DISABLE_TCP_EARLY_DEMUX": "true"}
    assert values["enableNetworkPolicy"] == "true"


def test_the_csi_driver_has_its_role_by_pod_identity(platform: Platform) -> None:
    eks = platform.aws("eks")
    (association,) = eks.list_pod_identity_associations(clusterName=CLUSTER)["associations"]
    assert (association["namespace"], association["serviceAccount"]) == ("kube-system", "ebs-csi-controller-sa")
    policies = platform.aws("iam").list_attached_role_policies(RoleName="eks-aws-ebs-csi-driver-local")
    assert [policy["PolicyName"] for policy in policies["AttachedPolicies"]] == ["AmazonEBSCSIDriverPolicy"]


def test_fargate_profiles_select_platform_namespaces(platform: Platform) -> None:
    eks = platform.aws("eks")
    selected = {}
    for name in eks.list_fargate_profiles(clusterName=CLUSTER)["fargateProfileNames"]:
        profile = eks.describe_fargate_profile(clusterName=CLUSTER, fargateProfileName=name)["fargateProfile"]
        selected[name] = [selector["namespace"] for selector in profile["selectors"]]
    assert selected == {"dns-local": ["kube-system"], "logging-local": ["logging"]}


def test_a_minor_cannot_be_skipped_and_nothing_is_sent(platform: Platform, old_addons: dict[str, str]) -> None:
    before = platform.stack_file.read_text()
    platform.set(kubernetes_version="1.36")
    refused = platform.clone.tiers("up", "infrastructure", "--stack", "local", expect=2)
    platform.stack_file.write_text(before)
    assert "error[upgrade-refused]: kubernetes_version 1.36 is 2 minors after the cluster's 1.34" in refused.stderr
    assert platform.versions() == ("1.34", {"1.34"}, old_addons)
