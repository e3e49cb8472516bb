"""Tier 1 with every optional part of its cluster half, on a lane of its own: made, settled, upgraded by the runbook's
steps, switched off again, destroyed.

The tests share one deployment and run in the order in which they stand.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from shared.versions import ADDONS
from tests.chain.clone import Clone
from tests.infrastructure.runbook import Step, steps
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("everything on")]

CLUSTER = "eks-cluster-local"
GROUPS = ("general", "spot", "arm", "batch", "memory")
STEPS = steps(REPOSITORY / "docs/guides/upgrade.md")


class Platform:
    """A clone with tier 1 on its lane; AWS and Kubernetes as they answer."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        parts = clone.tiers("local", "status", "--json").document["parts"]
        self.endpoint = next(part["address"] for part in parts if part["name"] == "emulated AWS")

    @property
    def stack_file(self) -> Path:
        return self.clone.path / "infrastructure/Pulumi.local.yaml"

    def aws(self, service: str) -> Any:
        make: Any = boto3.Session().client
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @cached_property
    def kubeconfig(self) -> Path:
        path = self.clone.local / "admin.kubeconfig"
        path.write_text(self.clone.tiers("kubeconfig", "--stack", "local").stdout)
        path.chmod(0o600)
        return path

    def get(self, *what: str) -> list[dict[str, Any]]:
        return yaml.safe_load(self.clone.kubectl(self.kubeconfig, "get", *what, "-o", "yaml").stdout)["items"]

    def set(self, **settings: Any) -> None:
        """Writes settings of the tier into its stack file."""
        content = yaml.safe_load(self.stack_file.read_text())
        content["config"] |= {f"infrastructure:{key}": value for key, value in settings.items()}
        self.stack_file.write_text(yaml.safe_dump(content))

    def follow(self, step: Step) -> None:
        """One step of a runbook, on this lane's stack in place of `dev`."""
        self.set(**{key.removeprefix("infrastructure:"): value for key, value in step.settings.items()})
        for command in step.commands:
            self.clone.tiers(*("local" if word == "dev" else word for word in command))

    def versions(self) -> tuple[str, set[str], dict[str, str]]:
        """Minors of the control plane and of the node groups, and versions of the add-ons, as EKS tells them."""
        eks = self.aws("eks")
        groups = {
            eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=name)["nodegroup"]["version"]
            for name in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]
        }
        addons = {
            name: eks.describe_addon(clusterName=CLUSTER, addonName=name)["addon"]["addonVersion"]
            for name in eks.list_addons(clusterName=CLUSTER)["addons"]
        }
        return eks.describe_cluster(name=CLUSTER)["cluster"]["version"], groups, addons


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    clone = Clone(tmp_path_factory.mktemp("everything"))
    clone.tiers("local", "up")
    try:
        platform = Platform(clone)
        shutil.copy(platform.stack_file, clone.path / "lean.yaml")
        shutil.copy(Path(__file__).parent / "everything_on.yaml", platform.stack_file)
        clone.tiers("up", "infrastructure", "--stack", "local")
        yield platform
    finally:
        clone.tiers("local", "down", "--yes")


@pytest.fixture(scope="module")
def old_addons() -> dict[str, str]:
    content = yaml.safe_load((Path(__file__).parent / "everything_on.yaml").read_text())
    return content["config"]["infrastructure:addon_versions"]


def test_a_second_run_would_change_nothing(platform: Platform) -> None:
    platform.clone.tiers("preview", "infrastructure", "--stack", "local", "--expect-no-changes")


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


def test_a_filled_group_has_nodes_with_its_labels_and_taints_and_no_plan_empties_it(platform: Platform) -> None:
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


def test_the_runbook_has_the_steps_that_the_next_test_follows() -> None:
    assert [step.title for step in STEPS] == ["Before", "1. Control plane", "2. Nodes", "3. Add-ons"]
    assert all(step.commands for step in STEPS)


def test_the_runbook_upgrades_control_plane_then_nodes_then_add_ons(
    platform: Platform, old_addons: dict[str, str]
) -> None:
    before, control_plane, nodes, addons = STEPS
    platform.follow(before)
    platform.follow(control_plane)
    assert platform.versions() == ("1.35", {"1.34"}, old_addons)
    platform.follow(nodes)
    assert platform.versions() == ("1.35", {"1.35"}, old_addons)
    platform.follow(addons)
    assert platform.versions() == ("1.35", {"1.35"}, {name: ADDONS[name].value for name in old_addons})
    assert {node["status"]["nodeInfo"]["kubeletVersion"] for node in platform.get("nodes")} == {"v1.35.0"}


def test_every_optional_part_can_be_switched_off_again(platform: Platform) -> None:
    shutil.copy(platform.clone.path / "lean.yaml", platform.stack_file)
    platform.clone.tiers("up", "infrastructure", "--stack", "local")
    platform.clone.tiers("preview", "infrastructure", "--stack", "local", "--expect-no-changes")
    eks = platform.aws("eks")
    assert eks.list_fargate_profiles(clusterName=CLUSTER)["fargateProfileNames"] == []
    assert len(eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]) == 1
    assert set(eks.list_addons(clusterName=CLUSTER)["addons"]) == {"vpc-cni", "kube-proxy", "coredns"}
    assert eks.describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["endpointPublicAccess"] is False


def test_destroy_leaves_nothing(platform: Platform) -> None:
    platform.clone.tiers("destroy", "infrastructure", "--stack", "local", "--yes")
    assert platform.clone.tiers("audit", "--stack", "local", "--json").document["left"] == []
