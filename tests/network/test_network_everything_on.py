"""Tier 1 with every optional part of its network half, on a lane of its own: made, settled, read back, and gone.

The tests share one deployment and run in the order in which they stand.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from shared.testing import load_module
from tests.chain.clone import Clone
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("network everything on")]

STACK = ("infrastructure", "--stack", "local")
SERVICES: tuple[str, ...] = load_module(REPOSITORY / "infrastructure", "interface_endpoints").ALL_ENDPOINTS


class Deployed:
    """A clone with tier 1 on its lane, and AWS as it answers there."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        parts = clone.tiers("local", "status", "--json").document["parts"]
        self._endpoint = next(part["address"] for part in parts if part["name"] == "emulated AWS")
        self.ec2, self.kms = self.aws("ec2"), self.aws("kms")
        default = {"Name": "is-default", "Values": ["true"]}
        vpc = self.ec2.describe_vpcs(Filters=[default])["Vpcs"][0]["VpcId"]
        self.bastion = self.ec2.create_security_group(GroupName="bastion", Description="people", VpcId=vpc)["GroupId"]
        self.bucket_key = self.kms.create_key()["KeyMetadata"]["Arn"]

    def aws(self, service: str) -> Any:
        make: Any = boto3.Session().client
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return make(service, endpoint_url=self._endpoint, region_name="us-east-1", **keys)

    @property
    def stack_file(self) -> Path:
        return self.clone.path / "infrastructure/Pulumi.local.yaml"

    def switch_everything_on(self) -> None:
        content = yaml.safe_load((Path(__file__).parent / "everything_on.yaml").read_text())
        content["config"] |= {
            "infrastructure:ssh_source_security_group_ids": [self.bastion],
            "infrastructure:bucket_key_arn": self.bucket_key,
        }
        self.stack_file.write_text(yaml.safe_dump(content))

    def outputs(self) -> dict[str, Any]:
        return self.clone.tiers("outputs", *STACK, "--json").document["outputs"]

    def of_vpc(self, operation: str, collection: str) -> list[dict[str, Any]]:
        here = {"Name": "vpc-id", "Values": [self.outputs()["vpc_id"]]}
        return getattr(self.ec2, operation)(Filters=[here])[collection]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    clone = Clone(tmp_path_factory.mktemp("network"))
    clone.tiers("local", "up")
    try:
        deployed = Deployed(clone)
        shutil.copy(deployed.stack_file, clone.path / "lean.yaml")
        deployed.switch_everything_on()
        clone.tiers("up", *STACK)
        yield deployed
    finally:
        clone.tiers("local", "down", "--yes")


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


def test_a_second_run_would_change_nothing_even_after_a_look_at_aws(deployed: Deployed) -> None:
    deployed.clone.tiers("preview", *STACK, "--refresh", "--expect-no-changes")


def test_every_service_has_an_endpoint_in_each_zone_and_s3_a_gateway(deployed: Deployed) -> None:
    endpoints = deployed.of_vpc("describe_vpc_endpoints", "VpcEndpoints")
    interfaces = {e["ServiceName"]: e for e in endpoints if e["VpcEndpointType"] == "Interface"}
    assert interfaces.keys() == {f"com.amazonaws.us-east-1.{service}" for service in SERVICES}
    assert {len(endpoint["SubnetIds"]) for endpoint in interfaces.values()} == {3}
    (gateway,) = [e for e in endpoints if e["VpcEndpointType"] == "Gateway"]
    assert len(gateway["RouteTableIds"]) == 4


def test_subnets_of_four_kinds_lie_in_three_zones(deployed: Deployed) -> None:
    outputs = deployed.outputs()
    subnets = deployed.of_vpc("describe_subnets", "Subnets")
    assert len(subnets) == 12
    assert {subnet["AvailabilityZone"] for subnet in subnets} == {"us-east-1a", "us-east-1b", "us-east-1c"}
    told = [*outputs["public_subnet_cidrs"], *outputs["pod_cidrs"], *outputs["endpoint_cidrs"]]
    assert {subnet["CidrBlock"] for subnet in subnets} == set(told)
    gateways = deployed.ec2.describe_nat_gateways()["NatGateways"]
    assert len([gateway for gateway in gateways if gateway["State"] == "available"]) == 3


def test_flow_logs_reach_an_encrypted_group_that_ends(deployed: Deployed) -> None:
    vpc = deployed.outputs()["vpc_id"]
    (log,) = deployed.ec2.describe_flow_logs()["FlowLogs"]
    assert (log["ResourceId"], log["TrafficType"]) == (vpc, "ALL")
    groups = {group["logGroupName"]: group for group in deployed.aws("logs").describe_log_groups()["logGroups"]}
    group = groups[f"/aws/vpc/flowlogs/{vpc}"]
    assert group["retentionInDays"] == 400
    assert group["kmsKeyId"] == deployed.outputs()["secrets_key_arn"]
    assert log["LogDestination"] == group["arn"].removesuffix(":*")


def test_ssh_comes_from_the_bastion_alone_and_the_keys_name_is_not_in_the_state(deployed: Deployed) -> None:
    group = deployed.outputs()["node_security_group_id"]
    here = {"Name": "group-id", "Values": [group]}
    rules = deployed.ec2.describe_security_group_rules(Filters=[here])["SecurityGroupRules"]
    ssh = [rule for rule in rules if rule["FromPort"] == 22]
    assert [rule["ReferencedGroupInfo"]["GroupId"] for rule in ssh] == [deployed.bastion]
    (version,) = deployed.ec2.describe_launch_template_versions(
        LaunchTemplateName="eks-general-local", Versions=["$Latest"]
    )["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"]["KeyName"] == "operators"
    state = deployed.clone.local / "state/.pulumi/stacks/infrastructure/local.json"
    assert '"keyName"' in state.read_text(encoding="utf-8")
    assert "operators" not in state.read_text(encoding="utf-8")


def test_the_control_plane_bears_our_group_beside_its_own(deployed: Deployed) -> None:
    outputs = deployed.outputs()
    access = deployed.aws("eks").describe_cluster(name=outputs["cluster_name"])["cluster"]["resourcesVpcConfig"]
    (ours,) = access["securityGroupIds"]
    assert ours not in (outputs["cluster_security_group_id"], outputs["node_security_group_id"])
    assert access["clusterSecurityGroupId"] == outputs["cluster_security_group_id"]


def test_the_bucket_is_encrypted_by_the_named_key(deployed: Deployed) -> None:
    outputs = deployed.outputs()
    rules = deployed.aws("s3").get_bucket_encryption(Bucket=outputs["tenant_bucket_name"])
    (rule,) = rules["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == deployed.bucket_key
    assert outputs["tenant_bucket_key_arns"] == [deployed.bucket_key]
    boundary = deployed.aws("iam").get_policy(PolicyArn=outputs["tenant_boundary_arn"])["Policy"]
    document = deployed.aws("iam").get_policy_version(
        PolicyArn=boundary["Arn"], VersionId=boundary["DefaultVersionId"]
    )["PolicyVersion"]["Document"]
    assert deployed.bucket_key in json.dumps(document)


def test_every_optional_part_can_be_switched_off_again(deployed: Deployed) -> None:
    shutil.copy(deployed.clone.path / "lean.yaml", deployed.stack_file)
    deployed.clone.tiers("up", *STACK)
    deployed.clone.tiers("preview", *STACK, "--expect-no-changes")
    assert len(deployed.of_vpc("describe_subnets", "Subnets")) == 6
    assert deployed.outputs()["endpoint_cidrs"] == []


def test_destroy_leaves_nothing(deployed: Deployed) -> None:
    deployed.clone.tiers("destroy", *STACK, "--yes")
    deployed.ec2.delete_security_group(GroupId=deployed.bastion)
    deployed.kms.schedule_key_deletion(KeyId=deployed.bucket_key.rsplit("/", 1)[1], PendingWindowInDays=7)
    assert deployed.clone.tiers("audit", "--stack", "local", "--json").document["left"] == []
