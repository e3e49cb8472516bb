"""Node groups beside the general one: spot, ARM, tainted, empty; and what an autoscaler is told of an empty group."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path
from typing import Any

import pytest

from shared.program_errors import ProgramInputError
from shared.testing import Run, run_program

GROUP, TEMPLATE, TAG = "aws:eks/nodeGroup:NodeGroup", "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/tag:Tag"
TAINT = {"key": "dedicated", "value": "batch", "effect": "NO_SCHEDULE"}
GROUPS: dict[str, dict[str, Any]] = {
    "spot": {"instance_types": ["m6i.large", "m5.large"], "capacity_type": "SPOT", "min_size": 1, "max_size": 6},
    "arm": {"instance_types": ["m6g.large"], "min_size": 1, "desired_capacity": 2},
    "batch": {
        "instance_types": ["c6i.xlarge"],
        "max_size": 20,
        "volume_gib": 200,
        "labels": {"workload": "batch"},
        "taints": [TAINT, {"key": "dedicated", "value": "batch", "effect": "NO_EXECUTE"}],
        "max_pods": 58,
    },
    "large": {"instance_types": ["r6i.4xlarge"], "max_size": 2},
}


@pytest.fixture(scope="module")
def five(project: Path) -> Run:
    return run_program(project, stack="dev", config={"node_groups": GROUPS})


def settings_of(run: Run, name: str) -> dict[str, Any]:
    user_data = base64.b64decode(str(run.one(TEMPLATE, name).inputs["userData"])).decode()
    return tomllib.loads(user_data)["settings"]["kubernetes"]


def test_every_group_has_its_own_template_and_shares_the_nodes_security_group(five: Run) -> None:
    names = {"general", "spot", "arm", "batch", "large"}
    assert {group.name for group in five.registered(GROUP)} == names
    assert len(five.registered(GROUP)) == len(five.registered(TEMPLATE)) == len(names)
    for name in names:
        assert five.one(GROUP, name).inputs["launchTemplate"]["id"] == f"lt-{name}"
        assert five.one(TEMPLATE, name).inputs["vpcSecurityGroupIds"] == ["nodes-id", "sg-cluster"]
        assert five.one(TEMPLATE, name).inputs["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert len(five.outputs["autoscaling_group_names"]) == 5
    assert five.outputs["node_versions"] == dict.fromkeys(names, "1.35")
    assert five.outputs["node_security_group_id"] == "nodes-id"


def test_capacity_types_and_images_follow_the_settings(five: Run) -> None:
    kinds = {
        group.name: (group.inputs["capacityType"], group.inputs["amiType"], group.inputs["instanceTypes"])
        for group in five.registered(GROUP)
    }
    assert kinds["spot"] == ("SPOT", "BOTTLEROCKET_x86_64", ["m6i.large", "m5.large"])
    assert kinds["arm"] == ("ON_DEMAND", "BOTTLEROCKET_ARM_64", ["m6g.large"])
    assert kinds["batch"] == ("ON_DEMAND", "BOTTLEROCKET_x86_64", ["c6i.xlarge"])


def test_sizes_follow_the_settings_and_left_alone_begin_at_the_fewest(five: Run) -> None:
    sizes = {group.name: group.inputs["scalingConfig"] for group in five.registered(GROUP)}
    assert sizes["spot"] == {"minSize": 1, "maxSize": 6, "desiredSize": 1}
    assert sizes["arm"] == {"minSize": 1, "maxSize": 3, "desiredSize": 2}
    assert sizes["batch"] == {"minSize": 0, "maxSize": 20, "desiredSize": 0}
    assert all(group.ignore_changes == ("scalingConfig.desiredSize",) for group in five.registered(GROUP))


def test_labels_and_taints_stand_on_the_group_and_in_the_nodes_own_settings(five: Run) -> None:
    group = five.one(GROUP, "batch").inputs
    assert group["labels"] == {"environment": "dev", "workload": "batch"}
    assert group["taints"] == [TAINT, {**TAINT, "effect": "NO_EXECUTE"}]
    kubernetes = settings_of(five, "batch")
    assert kubernetes["node-labels"] == {"environment": "dev", "workload": "batch"}
    assert kubernetes["node-taints"] == {"dedicated": ["batch:NoSchedule", "batch:NoExecute"]}
    assert kubernetes["max-pods"] == 58
    assert "node-taints" not in settings_of(five, "arm")
    assert "max-pods" not in settings_of(five, "arm")


def test_a_taint_without_a_value_is_spelt_as_the_kubelet_wants_it(project: Path) -> None:
    groups = {"spot": {"instance_types": ["m6i.large"], "taints": [{"key": "spot", "effect": "PREFER_NO_SCHEDULE"}]}}
    run = run_program(project, config={"node_groups": groups})
    assert settings_of(run, "spot")["node-taints"] == {"spot": [":PreferNoSchedule"]}
    assert run.one(GROUP, "spot").inputs["taints"] == [{"key": "spot", "effect": "PREFER_NO_SCHEDULE"}]


def test_an_autoscaler_learns_what_a_node_of_an_empty_group_would_be(five: Run) -> None:
    told = {}
    for tag in five.registered(TAG):
        if tag.name.startswith("batch-"):
            assert tag.inputs["autoscalingGroupName"] == "eks-batch-dev-example"
            assert tag.inputs["tag"]["propagateAtLaunch"] is False
            told[tag.inputs["tag"]["key"].removeprefix("k8s.io/cluster-autoscaler/node-template/")] = tag.inputs["tag"][
                "value"
            ]
    assert told == {
        "label/eks.amazonaws.com/capacityType": "ON_DEMAND",
        "label/environment": "dev",
        "label/workload": "batch",
        "taint/dedicated": "batch:NoExecute",
        "resources/ephemeral-storage": "200Gi",
    }


def test_a_group_that_is_never_empty_needs_no_such_tags(five: Run) -> None:
    assert {tag.name.split("-")[0] for tag in five.registered(TAG)} == {"batch", "large"}


def test_settings_of_all_groups_reach_every_one(project: Path) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/ebs"
    config = {
        "node_groups": GROUPS,
        "node_repair": False,
        "max_unavailable_percentage": 50,
        "node_release_version": "1.52.0-943d9a41",
        "volume_key_arn": key,
    }
    run = run_program(project, config=config)
    for group in run.registered(GROUP):
        assert group.inputs["nodeRepairConfig"] == {"enabled": False}
        assert group.inputs["updateConfig"] == {"maxUnavailablePercentage": 50}
        assert group.inputs["releaseVersion"] == "1.52.0-943d9a41"
    for template in run.registered(TEMPLATE):
        assert [mapping["ebs"]["kmsKeyId"] for mapping in template.inputs["blockDeviceMappings"]] == [key, key]


def test_without_a_release_or_a_key_aws_chooses(five: Run) -> None:
    assert "releaseVersion" not in five.one(GROUP, "arm").inputs
    assert all("kmsKeyId" not in mapping["ebs"] for mapping in five.one(TEMPLATE, "arm").inputs["blockDeviceMappings"])


ZONED = {
    "data-a": {"instance_types": ["m6i.large"], "zones": ["us-east-1a"]},
    "data-c": {"instance_types": ["m6i.large"], "zones": ["us-east-1c"], "min_size": 1},
    "two": {"instance_types": ["m6i.large"], "zones": ["us-east-1c", "us-east-1a"]},
    "all": {"instance_types": ["m6i.large"]},
}


@pytest.fixture(scope="module")
def zoned(project: Path) -> Run:
    return run_program(project, stack="dev", config={"node_groups": ZONED})


def test_a_group_of_named_zones_has_the_subnets_of_these_zones_only(zoned: Run) -> None:
    subnets = {group.name: group.inputs["subnetIds"] for group in zoned.registered(GROUP)}
    every = [f"private-us-east-1{letter}-id" for letter in "abc"]
    assert subnets == {
        "general": every,
        "data-a": ["private-us-east-1a-id"],
        "data-c": ["private-us-east-1c-id"],
        "two": ["private-us-east-1a-id", "private-us-east-1c-id"],
        "all": every,
    }


def test_an_empty_group_of_one_zone_tells_the_autoscaler_the_zone_of_its_volumes(zoned: Run) -> None:
    """A volume's node affinity names the driver's own label, which no running node of an empty group shows."""
    tags = [(tag.name.rpartition("-label-")[0], tag.inputs["tag"]) for tag in zoned.registered(TAG)]
    told = {(group, tag["key"].partition("/label/")[2]): tag["value"] for group, tag in tags if "zone" in tag["key"]}
    assert told == {
        ("data-a", "topology.ebs.csi.aws.com/zone"): "us-east-1a",
        ("data-a", "topology.kubernetes.io/zone"): "us-east-1a",
    }


@pytest.mark.parametrize(
    ("zones", "said"),
    [
        (["us-east-1z"], "where dev has no subnets; use zones of us-east-1a, us-east-1b, us-east-1c"),
        (["us-east-1a", "us-east-1a"], "contains a duplicate"),
    ],
)
def test_a_zone_without_subnets_and_a_zone_named_twice_are_refused(project: Path, zones: list[str], said: str) -> None:
    group = {"instance_types": ["m6i.large"], "zones": zones}
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config={"node_groups": {"data-a": group}})
    assert refused.value.code == "settings-invalid"
    assert "node_groups" in refused.value.at + refused.value.what
    assert said in refused.value.what
