"""What counts as a change, how it is told, and what `ignore_changes` leaves alone."""

from __future__ import annotations

import json

from tooling.plugins.aws.tests.case import REGION, policy
from tooling.plugins.aws.tests.cases import CASES, inputs_of, unique_name
from tooling.plugins.aws.tests.conftest import Lane
from tooling.plugins.provider.tests.engine import Engine, configured
from tooling.plugins.provider.wire import UNKNOWN

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
POLICY = "aws:iam/policy:Policy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_change_inside_a_block_is_told_by_its_path(engine: Engine, lane: Lane) -> None:
    inputs = inputs_of(CASES[NODE_GROUP], lane.world)
    group = engine.create(NODE_GROUP, unique_name(), inputs)
    wanted = {
        **inputs,
        "scalingConfig": {"minSize": 1, "desiredSize": 3, "maxSize": 3},
        "labels": {"tier": "user", "zone/kind": "a"},
        "launchTemplate": {"id": lane.world.launch_template_id, "version": UNKNOWN},
    }
    assert engine.plan(group, wanted).detailed == {
        "scalingConfig.desiredSize": "UPDATE",
        "labels.tier": "UPDATE",
        "launchTemplate.version": "UPDATE",
    }


def test_order_means_nothing_where_aws_keeps_none(engine: Engine, lane: Lane) -> None:
    inputs = inputs_of(CASES[NODE_GROUP], lane.world)
    group = engine.create(NODE_GROUP, unique_name(), inputs)
    turned = {**inputs, "subnetIds": inputs["subnetIds"][::-1], "taints": inputs["taints"][::-1]}
    assert engine.plan(group, turned).empty
    turned_types = {**inputs, "instanceTypes": inputs["instanceTypes"][::-1]}
    assert engine.plan(group, turned_types).replaces == {"instanceTypes"}, "their order is EKS's preference"


def test_rule_added_to_a_list_without_order_is_the_only_change(engine: Engine, lane: Lane) -> None:
    rule = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    inputs = {"vpcId": lane.world.vpc_id, "ingress": [rule]}
    group = engine.create(SECURITY_GROUP, unique_name(), inputs)
    first = {**inputs, "ingress": [{**rule, "fromPort": 80, "toPort": 80}, rule]}
    assert engine.plan(group, first).detailed == {"ingress[0]": "ADD"}


def test_protocol_by_number_is_the_protocol_by_name(engine: Engine, lane: Lane) -> None:
    rule = {"protocol": "6", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}
    inputs = {"vpcId": lane.world.vpc_id, "ingress": [rule]}
    group = engine.create(SECURITY_GROUP, unique_name(), inputs)
    assert engine.plan(group, {**inputs, "ingress": [{**rule, "protocol": "tcp"}]}).empty


def test_policy_that_says_the_same_in_other_words_is_no_change(engine: Engine) -> None:
    one = engine.create(POLICY, unique_name(), {"policy": policy("s3:GetObject", "s3:ListBucket")})
    same = {
        "Statement": {"Resource": ["*"], "Action": ["s3:ListBucket", "s3:GetObject"], "Effect": "Allow"},
        "Version": "2012-10-17",
    }
    assert engine.plan(one, {"policy": json.dumps(same, indent=4)}).empty
    assert engine.plan(one, {"policy": policy("s3:GetObject")}).detailed == {"policy": "UPDATE"}
    assert one.outputs["policy"] == policy("s3:GetObject", "s3:ListBucket"), "the state keeps the program's words"


def test_ignored_change_inside_a_block_is_neither_told_nor_made(lane: Lane) -> None:
    """An autoscaler moves the desired size; a later change of the minimum must not move it back."""
    with configured(lane.address, {"region": REGION}) as engine:
        inputs = inputs_of(CASES[NODE_GROUP], lane.world)
        group = engine.create(NODE_GROUP, unique_name(), inputs)
        cluster, name = group.id.split(":")
        lane.world.client("eks").update_nodegroup_config(
            clusterName=cluster, nodegroupName=name, scalingConfig={"minSize": 1, "desiredSize": 3, "maxSize": 3}
        )
        refreshed = engine.refresh(group)
        assert refreshed is not None
        ignored = ("scalingConfig.desiredSize",)
        assert engine.plan(refreshed, inputs).detailed == {"scalingConfig.desiredSize": "UPDATE"}
        assert engine.plan(refreshed, inputs, ignored).empty
        wanted = {**inputs, "scalingConfig": {"minSize": 0, "desiredSize": 2, "maxSize": 3}}
        updated = engine.up(refreshed, wanted, ignored)
        assert updated.outputs["scalingConfig"] == {"minSize": 0, "desiredSize": 3, "maxSize": 3}


def test_ignored_tag_stays_as_somebody_else_set_it(lane: Lane) -> None:
    with configured(lane.address, {"region": REGION}) as engine:
        inputs = {"tags": {"Name": "one"}}
        group = engine.create(LOG_GROUP, unique_name(), inputs)
        logs = lane.world.client("logs")
        logs.tag_resource(resourceArn=group.outputs["arn"], tags={"kubernetes.io/cluster/c": "owned", "Name": "two"})
        refreshed = engine.refresh(group)
        assert refreshed is not None
        ignored = ('tags["kubernetes.io/cluster/c"]', "tags.Name")
        assert engine.plan(refreshed, inputs, ignored).empty
        updated = engine.up(refreshed, {"tags": {"Name": "one", "more": "x"}}, ignored)
        assert updated.outputs["tagsAll"] == {"kubernetes.io/cluster/c": "owned", "Name": "two", "more": "x"}


def test_update_in_a_preview_leaves_open_what_it_changes_and_keeps_the_rest(engine: Engine, lane: Lane) -> None:
    name = "aws:ec2/launchTemplate:LaunchTemplate"
    inputs = inputs_of(CASES[name], lane.world)
    template = engine.create(name, unique_name(), inputs)
    previewed = engine.preview_update(template, {**inputs, "instanceType": "m6i.4xlarge"})
    assert previewed["latestVersion"] == UNKNOWN
    assert previewed["arn"] == template.outputs["arn"]
    assert previewed["instanceType"] == "m6i.4xlarge"
