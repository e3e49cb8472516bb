"""The inventory names what a person made, and nothing that AWS has by itself."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tooling.aws_emulator.inventory import inventory
from tooling.aws_emulator.testing import REGION
from tooling.aws_emulator.tests.conftest import Account

pytestmark = pytest.mark.process


def listed(account: Account) -> set[tuple[str, str]]:
    return {(item["service"], item["kind"]) for item in inventory(account.emulator.endpoint_url, REGION)}


def test_fresh_account_is_empty(account: Account) -> None:
    account.ec2.describe_vpcs()
    account.emulator.client("kms").describe_key(KeyId="alias/aws/ebs")
    account.iam.create_service_linked_role(AWSServiceName="eks.amazonaws.com")
    assert inventory(account.emulator.endpoint_url, REGION) == []


def _vpc(account: Account) -> None:
    account.network()


def _nat(account: Account) -> None:
    address = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    account.ec2.create_nat_gateway(SubnetId=account.network()[0], AllocationId=address)


def _endpoint(account: Account) -> None:
    account.network()
    account.ec2.create_vpc_endpoint(VpcId=account.vpc, ServiceName=f"com.amazonaws.{REGION}.s3")


def _flow_log(account: Account) -> None:
    account.network()
    account.ec2.create_flow_logs(
        ResourceIds=[account.vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="flows",
        DeliverLogsPermissionArn=account.role("flows"),
    )


def _policy(account: Account) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    account.iam.create_policy(PolicyName="own", PolicyDocument=document)


def _oidc(account: Account) -> None:
    account.iam.create_open_id_connect_provider(Url="https://issuer.example", ClientIDList=["sts.amazonaws.com"])


def _key(account: Account) -> None:
    kms = account.emulator.client("kms")
    kms.create_alias(AliasName="alias/own", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def _eks(account: Account) -> None:
    account.cluster()
    account.nodegroup()
    account.eks.create_addon(clusterName="platform", addonName="coredns")
    account.eks.create_pod_identity_association(
        clusterName="platform", namespace="a", serviceAccount="b", roleArn=account.role("pod")
    )


MADE: dict[str, tuple[Callable[[Account], object], set[tuple[str, str]]]] = {
    "network": (_vpc, {("ec2", "vpc"), ("ec2", "subnet")}),
    "internet-gateway": (lambda account: account.ec2.create_internet_gateway(), {("ec2", "internet-gateway")}),
    "nat-gateway": (_nat, {("ec2", "nat-gateway"), ("ec2", "elastic-ip")}),
    "endpoint": (_endpoint, {("ec2", "vpc-endpoint")}),
    "flow-log": (_flow_log, {("ec2", "flow-log"), ("iam", "role")}),
    "route-table": (
        lambda account: account.network() and account.ec2.create_route_table(VpcId=account.vpc),
        {("ec2", "route-table")},
    ),
    "security-group": (
        lambda account: account.ec2.create_security_group(GroupName="own", Description="own"),
        {("ec2", "security-group")},
    ),
    "launch-template": (
        lambda account: account.ec2.create_launch_template(
            LaunchTemplateName="own", LaunchTemplateData={"KeyName": "k"}
        ),
        {("ec2", "launch-template")},
    ),
    "policy": (_policy, {("iam", "policy")}),
    "oidc-provider": (_oidc, {("iam", "oidc-provider")}),
    "instance-profile": (
        lambda account: account.iam.create_instance_profile(InstanceProfileName="own"),
        {("iam", "instance-profile")},
    ),
    "user": (lambda account: account.iam.create_user(UserName="own"), {("iam", "user")}),
    "key": (_key, {("kms", "key"), ("kms", "alias")}),
    "log-group": (
        lambda account: account.emulator.client("logs").create_log_group(logGroupName="own"),
        {("logs", "log-group")},
    ),
    "repository": (
        lambda account: account.emulator.client("ecr").create_repository(repositoryName="own"),
        {("ecr", "repository")},
    ),
    "bucket": (lambda account: account.emulator.client("s3").create_bucket(Bucket="own"), {("s3", "bucket")}),
    "eks": (
        _eks,
        {
            ("eks", "cluster"),
            ("eks", "nodegroup"),
            ("eks", "addon"),
            ("eks", "access-entry"),
            ("eks", "pod-identity-association"),
            ("autoscaling", "group"),
            ("ec2", "instance"),
        },
    ),
}


@pytest.mark.parametrize("kind", MADE)
def test_what_a_person_made_is_listed(account: Account, kind: str) -> None:
    make, expected = MADE[kind]
    before = listed(account)
    make(account)
    assert expected <= listed(account) - before


def test_what_is_gone_or_going_is_not_listed(account: Account) -> None:
    _nat(account)
    gateway = account.ec2.describe_nat_gateways()["NatGateways"][0]
    account.ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    kms = account.emulator.client("kms")
    kms.schedule_key_deletion(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], PendingWindowInDays=7)
    assert not {("ec2", "nat-gateway"), ("kms", "key")} & listed(account)
