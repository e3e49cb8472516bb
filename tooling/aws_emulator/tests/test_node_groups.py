"""Managed node groups and the Auto Scaling groups behind them."""

from __future__ import annotations

import base64
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.versions import KUBERNETES
from tooling.aws_emulator.tests.conftest import Account

MINOR = int(KUBERNETES.value.split(".")[1])


def group_behind(account: Account, nodegroup: str = "main") -> dict[str, Any]:
    described = account.eks.describe_nodegroup(clusterName="platform", nodegroupName=nodegroup)["nodegroup"]
    name = described["resources"]["autoScalingGroups"][0]["name"]
    return account.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]


def template(account: Account, **data: Any) -> str:
    made = account.ec2.create_launch_template(
        LaunchTemplateName="nodes",
        LaunchTemplateData={"UserData": base64.b64encode(b"[settings]").decode(), **data},
    )
    return made["LaunchTemplate"]["LaunchTemplateId"]


def test_node_group_has_an_auto_scaling_group_that_the_autoscaler_would_find(account: Account) -> None:
    account.cluster()
    account.nodegroup()
    group = group_behind(account)
    assert group["AutoScalingGroupName"].startswith("eks-main-")
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (1, 6, 3)
    assert {tag["Key"]: tag["Value"] for tag in group["Tags"]} == {
        "eks:cluster-name": "platform",
        "eks:nodegroup-name": "main",
        "k8s.io/cluster-autoscaler/enabled": "true",
        "k8s.io/cluster-autoscaler/platform": "owned",
        "kubernetes.io/cluster/platform": "owned",
    }
    zones = Counter(instance["AvailabilityZone"] for instance in group["Instances"])
    assert zones == {"us-east-1a": 1, "us-east-1b": 1, "us-east-1c": 1}


def test_auto_scaling_group_and_instances_go_with_the_node_group(account: Account) -> None:
    account.cluster()
    account.nodegroup()
    instances = [instance["InstanceId"] for instance in group_behind(account)["Instances"]]
    account.eks.delete_nodegroup(clusterName="platform", nodegroupName="main")
    assert account.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert account.ec2.describe_launch_templates()["LaunchTemplates"] == []
    states = account.ec2.describe_instances(InstanceIds=instances)["Reservations"]
    assert {found["Instances"][0]["State"]["Name"] for found in states} == {"terminated"}


def test_scaling_update_moves_the_auto_scaling_group_and_keeps_the_zones_even(account: Account) -> None:
    account.cluster()
    account.nodegroup()
    for desired in (6, 2):
        account.eks.update_nodegroup_config(
            clusterName="platform", nodegroupName="main", scalingConfig={"desiredSize": desired}
        )
        zones = Counter(instance["AvailabilityZone"] for instance in group_behind(account)["Instances"])
        assert sum(zones.values()) == desired
        assert max(zones.values()) - min(zones.values()) <= 1


def test_size_set_by_an_autoscaler_is_what_eks_describes(account: Account) -> None:
    account.cluster()
    account.nodegroup()
    name = group_behind(account)["AutoScalingGroupName"]
    account.autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=5)
    described = account.eks.describe_nodegroup(clusterName="platform", nodegroupName="main")["nodegroup"]
    assert described["scalingConfig"]["desiredSize"] == 5


def test_two_groups_with_default_sizes_do_not_share_them(account: Account) -> None:
    """moto hands every group the same default object, and an update of one changed the other."""
    account.cluster()
    role = account.role("nodes")
    for name in ("one", "two"):
        account.eks.create_nodegroup(
            clusterName="platform", nodegroupName=name, nodeRole=role, subnets=account.network()
        )
    account.eks.update_nodegroup_config(
        clusterName="platform", nodegroupName="one", scalingConfig={"maxSize": 9, "minSize": 1, "desiredSize": 2}
    )
    two = account.eks.describe_nodegroup(clusterName="platform", nodegroupName="two")["nodegroup"]
    assert two["scalingConfig"]["maxSize"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"launchTemplate": {"id": "lt-0"}}, "lt-0 could not be found"),
        ({"launchTemplate": {"name": "none", "id": "lt-0"}}, "not both"),
        ({"instanceTypes": ["m99.huge"]}, "do not exist"),
        ({"instanceTypes": ["m6g.large"], "amiType": "BOTTLEROCKET_x86_64"}, "not a valid instance type"),
        ({"instanceTypes": ["m5.large"], "amiType": "BOTTLEROCKET_ARM_64"}, "not a valid instance type"),
        ({"scalingConfig": {"minSize": 2, "maxSize": 1, "desiredSize": 1}}, "minSize 2 cannot be greater"),
        ({"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 3}}, "desired capacity 3"),
        ({"version": f"1.{MINOR + 1}"}, "newer than the cluster"),
        ({"subnets": ["subnet-0"]}, "does not exist"),
        ({"nodeRole": "arn:aws:iam::123456789012:role/nobody"}, "does not exist"),
        ({"taints": [{"key": "a", "effect": "SOMETIMES"}]}, "taint effect"),
        ({"remoteAccess": {"ec2SshKey": "none"}}, "key pair 'none' does not exist"),
        ({"warmPoolConfig": {"enabled": True}}, "the local lane does not model warmPoolConfig"),
    ],
    ids=[
        "template", "template-twice", "type", "arm-on-x86", "x86-on-arm", "min-max", "desired", "version", "subnet",
        "role", "taint", "key", "warm-pool",
    ],
)  # fmt: skip
def test_node_group_is_not_created_from_a_bad_request(account: Account, change: dict[str, Any], message: str) -> None:
    account.cluster()
    with pytest.raises(ClientError, match=message):
        account.nodegroup(**change)
    assert account.eks.list_nodegroups(clusterName="platform")["nodegroups"] == []
    assert account.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []


@pytest.mark.parametrize("version", [None, "$Latest", "$Default", "1"])
def test_launch_template_version_is_answered_as_a_number(account: Account, version: str | None) -> None:
    account.cluster()
    identity = template(account)
    given = {"id": identity, **({"version": version} if version else {})}
    account.nodegroup(launchTemplate=given)
    described = account.eks.describe_nodegroup(clusterName="platform", nodegroupName="main")["nodegroup"]
    assert described["launchTemplate"] == {"id": identity, "name": "nodes", "version": "1"}
    assert "diskSize" not in described


def test_launch_template_decides_type_and_security_groups_of_the_instances(account: Account) -> None:
    account.cluster()
    own = account.ec2.create_security_group(GroupName="own", Description="own", VpcId=account.vpc)["GroupId"]
    identity = template(account, InstanceType="m5.xlarge", SecurityGroupIds=[own])
    account.eks.create_nodegroup(
        clusterName="platform",
        nodegroupName="main",
        nodeRole=account.role("nodes"),
        subnets=account.network(),
        launchTemplate={"id": identity},
        amiType="BOTTLEROCKET_x86_64",
    )
    instance_id = group_behind(account)["Instances"][0]["InstanceId"]
    found = account.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    assert found["InstanceType"] == "m5.xlarge"
    assert [group["GroupId"] for group in found["SecurityGroups"]] == [own]


def test_nodes_get_the_cluster_security_group_if_nobody_names_one(account: Account) -> None:
    wanted = account.cluster()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    account.nodegroup()
    instance_id = group_behind(account)["Instances"][0]["InstanceId"]
    found = account.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    assert [group["GroupId"] for group in found["SecurityGroups"]] == [wanted]


def test_labels_taints_and_settings_are_updated(account: Account) -> None:
    account.cluster()
    account.nodegroup(
        labels={"old": "1", "kept": "1"},
        taints=[{"key": "old", "value": "1", "effect": "NO_SCHEDULE"}],
        updateConfig={"maxUnavailable": 2},
        nodeRepairConfig={"enabled": True},
        tags={"owner": "platform"},
    )
    account.eks.update_nodegroup_config(
        clusterName="platform",
        nodegroupName="main",
        labels={"addOrUpdateLabels": {"new": "2"}, "removeLabels": ["old"]},
        taints={
            "addOrUpdateTaints": [{"key": "new", "value": "2", "effect": "NO_EXECUTE"}],
            "removeTaints": [{"key": "old", "value": "1", "effect": "NO_SCHEDULE"}],
        },
        updateConfig={"maxUnavailablePercentage": 50},
    )
    group = account.eks.describe_nodegroup(clusterName="platform", nodegroupName="main")["nodegroup"]
    assert group["labels"] == {"kept": "1", "new": "2"}
    assert group["taints"] == [{"key": "new", "value": "2", "effect": "NO_EXECUTE"}]
    assert group["updateConfig"] == {"maxUnavailablePercentage": 50}
    assert group["nodeRepairConfig"] == {"enabled": True}
    assert group["tags"] == {"owner": "platform"}


def test_version_update_replaces_every_instance(account: Account) -> None:
    account.cluster(version=f"1.{MINOR - 1}")
    identity = template(account)
    account.nodegroup(launchTemplate={"id": identity})
    before = {instance["InstanceId"] for instance in group_behind(account)["Instances"]}
    account.eks.update_cluster_version(name="platform", version=KUBERNETES.value)
    update = account.eks.update_nodegroup_version(clusterName="platform", nodegroupName="main")["update"]
    group = account.eks.describe_nodegroup(clusterName="platform", nodegroupName="main")["nodegroup"]
    assert group["version"] == KUBERNETES.value
    after = {instance["InstanceId"] for instance in group_behind(account)["Instances"]}
    assert len(after) == 3
    assert not before & after
    listed = account.eks.list_updates(name="platform", nodegroupName="main")["updateIds"]
    assert listed == [update["id"]]


def test_new_launch_template_version_is_followed(account: Account) -> None:
    account.cluster()
    identity = template(account)
    account.nodegroup(launchTemplate={"id": identity, "version": "1"})
    account.ec2.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData={"KeyName": "k"})
    account.eks.update_nodegroup_version(
        clusterName="platform", nodegroupName="main", launchTemplate={"id": identity, "version": "2"}
    )
    group = account.eks.describe_nodegroup(clusterName="platform", nodegroupName="main")["nodegroup"]
    assert group["launchTemplate"]["version"] == "2"


def test_node_role_has_an_access_entry_as_long_as_a_group_uses_it(account: Account) -> None:
    account.cluster()
    role = account.role("nodes")
    account.nodegroup("one", nodeRole=role)
    account.nodegroup("two", nodeRole=role)
    entry = account.eks.describe_access_entry(clusterName="platform", principalArn=role)["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("EC2_LINUX", ["system:nodes"])
    account.eks.delete_nodegroup(clusterName="platform", nodegroupName="one")
    assert role in account.eks.list_access_entries(clusterName="platform")["accessEntries"]
    account.eks.delete_nodegroup(clusterName="platform", nodegroupName="two")
    assert role not in account.eks.list_access_entries(clusterName="platform")["accessEntries"]


def test_remote_access_opens_ssh_through_a_group_that_goes_with_the_node_group(account: Account) -> None:
    account.cluster()
    account.ec2.create_key_pair(KeyName="operators")
    source = account.ec2.create_security_group(GroupName="bastion", Description="b", VpcId=account.vpc)["GroupId"]
    access = {"ec2SshKey": "operators", "sourceSecurityGroups": [source]}
    made = account.nodegroup(remoteAccess=access)
    assert made["remoteAccess"] == access
    group_id = made["resources"]["remoteAccessSecurityGroup"]
    group = account.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    permission = group["IpPermissions"][0]
    assert (permission["FromPort"], permission["ToPort"]) == (22, 22)
    assert [pair["GroupId"] for pair in permission["UserIdGroupPairs"]] == [source]
    account.eks.delete_nodegroup(clusterName="platform", nodegroupName="main")
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        account.ec2.describe_security_groups(GroupIds=[group_id])


def test_remote_access_and_launch_template_exclude_each_other(account: Account) -> None:
    account.cluster()
    with pytest.raises(ClientError, match="cannot be specified with a launch template"):
        account.nodegroup(remoteAccess={"ec2SshKey": "k"}, launchTemplate={"id": template(account)})
