"""Tier 1 with every optional part on a lane of its own: its network half, as AWS answers.

The tests share one deployment with the other files of this directory and change nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from shared.testing import load_module
from tests.infrastructure.platform import Platform
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("everything on")]

SERVICES: tuple[str, ...] = load_module(REPOSITORY / "infrastructure", "interface_endpoints").ALL_ENDPOINTS


def test_every_setting_of_the_network_half_is_switched_on() -> None:
    stated = yaml.safe_load((Path(__file__).parent / "everything_on.yaml").read_text())["config"]
    modules = ("network_settings", "log_settings", "data_settings")
    project = REPOSITORY / "infrastructure"
    fields = {
        name
        for module in modules
        for model in vars(load_module(project, module)).values()
        if isinstance(model, type) and model.__name__.endswith("Settings")
        for name in getattr(model, "model_fields", {})
    }
    by_the_test = {"ssh_source_security_group_ids", "bucket_key_arn"}
    default_layout = {"vpc_cidr"}
    assert fields - {key.removeprefix("infrastructure:") for key in stated} == by_the_test | default_layout
    assert stated["infrastructure:interface_endpoints"] == list(SERVICES)


def test_every_service_has_an_endpoint_in_each_zone_and_s3_a_gateway(platform: Platform) -> None:
    endpoints = platform.of_vpc("describe_vpc_endpoints", "VpcEndpoints")
    interfaces = {e["ServiceName"]: e for e in endpoints if e["VpcEndpointType"] == "Interface"}
    assert interfaces.keys() == {f"com.amazonaws.us-east-1.{service}" for service in SERVICES}
    assert {len(endpoint["SubnetIds"]) for endpoint in interfaces.values()} == {3}
    (gateway,) = [e for e in endpoints if e["VpcEndpointType"] == "Gateway"]
    assert len(gateway["RouteTableIds"]) == 4


def test_subnets_of_four_kinds_lie_in_three_zones(platform: Platform) -> None:
    outputs = platform.outputs()
    subnets = platform.of_vpc("describe_subnets", "Subnets")
    assert len(subnets) == 12
    assert {subnet["AvailabilityZone"] for subnet in subnets} == {"us-east-1a", "us-east-1b", "us-east-1c"}
    told = [*outputs["public_subnet_cidrs"], *outputs["pod_cidrs"], *outputs["endpoint_cidrs"]]
    assert {subnet["CidrBlock"] for subnet in subnets} == set(told)
    gateways = platform.aws("ec2").describe_nat_gateways()["NatGateways"]
    assert len([gateway for gateway in gateways if gateway["State"] == "available"]) == 3


def test_flow_logs_reach_an_encrypted_group_that_ends(platform: Platform) -> None:
    vpc = platform.outputs()["vpc_id"]
    (log,) = platform.aws("ec2").describe_flow_logs()["FlowLogs"]
    assert (log["ResourceId"], log["TrafficType"]) == (vpc, "ALL")
    groups = {group["logGroupName"]: group for group in platform.aws("logs").describe_log_groups()["logGroups"]}
    group = groups[f"/aws/vpc/flowlogs/{vpc}"]
    assert group["retentionInDays"] == 400
    assert group["kmsKeyId"] == platform.outputs()["secrets_key_arn"]
    assert log["LogDestination"] == group["arn"].removesuffix(":*")


def test_ssh_comes_from_the_bastion_alone_and_the_keys_name_is_not_in_the_state(platform: Platform) -> None:
    group = platform.outputs()["node_security_group_id"]
    here = {"Name": "group-id", "Values": [group]}
    rules = platform.aws("ec2").describe_security_group_rules(Filters=[here])["SecurityGroupRules"]
    ssh = [rule for rule in rules if rule["FromPort"] == 22]
    assert [rule["ReferencedGroupInfo"]["GroupId"] for rule in ssh] == [platform.bastion]
    (version,) = platform.aws("ec2").describe_launch_template_versions(
        LaunchTemplateName="eks-general-local", Versions=["$Latest"]
    )["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"]["KeyName"] == "operators"
    state = platform.clone.local / "state/.pulumi/stacks/infrastructure/local.json"
    assert '"keyName"' in state.read_text(encoding="utf-8")
    assert "operators" not in state.read_text(encoding="utf-8")


def test_the_control_plane_bears_our_group_beside_its_own(platform: Platform) -> None:
    outputs = platform.outputs()
    access = platform.aws("eks").describe_cluster(name=outputs["cluster_name"])["cluster"]["resourcesVpcConfig"]
    (ours,) = access["securityGroupIds"]
    assert ours not in (outputs["cluster_security_group_id"], outputs["node_security_group_id"])
    assert access["clusterSecurityGroupId"] == outputs["cluster_security_group_id"]


def test_the_bucket_is_encrypted_by_the_named_key(platform: Platform) -> None:
    outputs = platform.outputs()
    rules = platform.aws("s3").get_bucket_encryption(Bucket=outputs["tenant_bucket_name"])
    (rule,) = rules["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == platform.bucket_key
    assert outputs["tenant_bucket_key_arns"] == [platform.bucket_key]
    boundary = platform.aws("iam").get_policy(PolicyArn=outputs["tenant_boundary_arn"])["Policy"]
    document = platform.aws("iam").get_policy_version(
        PolicyArn=boundary["Arn"], VersionId=boundary["DefaultVersionId"]
    )["PolicyVersion"]["Document"]
    assert platform.bucket_key in json.dumps(document)
