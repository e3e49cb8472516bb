"""Which object a create may have made: by its inputs, or by tags where AWS chooses the id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tooling.aws_emulator.testing import Emulator, running_emulator
from tooling.aws_types.identification import Account
from tooling.aws_types.table import ids_of


def no_client(service: str) -> Any:
    raise AssertionError(f"asked {service} although the inputs say it all")


ACCOUNT = Account(account_id="123456789012", partition="aws", client=no_client)


def test_type_whose_id_cannot_be_determined_says_why() -> None:
    assert ids_of("aws:ec2/securityGroupRule:SecurityGroupRule", {}, ACCOUNT) == (
        "its id is the provider's own hash of the rule's permissions"
    )
    assert ids_of("aws:rds/instance:Instance", {}, ACCOUNT) == "its type is not supported"


@pytest.mark.parametrize(
    ("kind", "inputs", "resource_id"),
    [
        ("aws:iam/role:Role", {"name": "eks-node"}, "eks-node"),
        ("aws:iam/policy:Policy", {"name": "edge"}, "arn:aws:iam::123456789012:policy/edge"),
        ("aws:iam/policy:Policy", {"name": "edge", "path": "/eks/"}, "arn:aws:iam::123456789012:policy/eks/edge"),
        ("aws:iam/rolePolicy:RolePolicy", {"role": "r", "name": "p"}, "r:p"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": "r", "policyArn": "arn:p"}, "r/arn:p"),
        (
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            {"url": "https://oidc.example.com/id/A"},
            "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/A",
        ),
        ("aws:eks/addon:Addon", {"clusterName": "c", "addonName": "coredns"}, "c:coredns"),
        ("aws:eks/nodeGroup:NodeGroup", {"clusterName": "c", "nodeGroupName": "n"}, "c:n"),
        ("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b"}, "b"),
        ("aws:ec2/route:Route", {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"}, "r-rtb-11080289494"),
    ],
)
def test_id_follows_from_the_inputs(kind: str, inputs: dict[str, Any], resource_id: str) -> None:
    assert ids_of(kind, inputs, ACCOUNT) == [resource_id]


def test_id_is_not_guessed_from_incomplete_inputs() -> None:
    assert ids_of("aws:iam/rolePolicy:RolePolicy", {"role": "r", "namePrefix": "p-"}, ACCOUNT) == []
    assert ids_of("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}, ACCOUNT) == []


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


def test_a_vpc_is_found_by_all_of_its_tags_and_no_other_one(emulator: Emulator) -> None:
    ec2 = emulator.client("ec2")
    made = {}
    for name, environment in (("vpc", "local"), ("vpc", "dev"), ("other", "local")):
        tags = [{"Key": "Name", "Value": name}, {"Key": "environment", "Value": environment}]
        answer = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
        made[name, environment] = answer["Vpc"]["VpcId"]
    account = Account(account_id="123456789012", partition="aws", client=emulator.client)
    wanted = {"tagsAll": {"Name": "vpc", "environment": "local"}}
    assert ids_of("aws:ec2/vpc:Vpc", wanted, account) == [made["vpc", "local"]]
    ec2.delete_vpc(VpcId=made["vpc", "local"])
    assert ids_of("aws:ec2/vpc:Vpc", wanted, account) == []


def test_a_key_that_is_being_deleted_is_not_taken_for_the_one_just_made(emulator: Emulator) -> None:
    kms = emulator.client("kms")
    tags = [{"TagKey": "environment", "TagValue": "local"}]
    ids = [kms.create_key(Description="secrets", Tags=tags)["KeyMetadata"]["KeyId"] for _ in range(2)]
    kms.schedule_key_deletion(KeyId=ids[0], PendingWindowInDays=7)
    account = Account(account_id="123456789012", partition="aws", client=emulator.client)
    wanted = {"description": "secrets", "tagsAll": {"environment": "local"}}
    assert ids_of("aws:kms/key:Key", wanted, account) == [ids[1]]
