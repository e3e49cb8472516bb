"""Fargate profiles: where they may be, and who is let in for them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.tests.conftest import Account, answer


def profile(account: Account, name: str = "system", **more: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "clusterName": "platform",
        "fargateProfileName": name,
        "subnets": account.network(),
        "selectors": [{"namespace": "kube-system"}],
        **more,
    }
    return account.eks.create_fargate_profile(**arguments)["fargateProfile"]


def entries(account: Account) -> list[str]:
    return account.eks.list_access_entries(clusterName="platform")["accessEntries"]


def test_execution_role_is_let_in_while_a_profile_needs_it(account: Account) -> None:
    account.cluster()
    role = account.role("fargate")
    profile(account, podExecutionRoleArn=role)
    profile(account, "logging", podExecutionRoleArn=role)
    entry = account.eks.describe_access_entry(clusterName="platform", principalArn=role)["accessEntry"]
    assert entry["type"] == "FARGATE_LINUX"
    account.eks.delete_fargate_profile(clusterName="platform", fargateProfileName="system")
    assert role in entries(account)
    account.eks.delete_fargate_profile(clusterName="platform", fargateProfileName="logging")
    assert role not in entries(account)


def test_profile_in_a_public_subnet_is_refused(account: Account) -> None:
    account.cluster()
    gateway = account.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    account.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=account.vpc)
    table = account.ec2.create_route_table(VpcId=account.vpc)["RouteTable"]["RouteTableId"]
    account.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    public, private = account.subnets[:2]
    account.ec2.associate_route_table(RouteTableId=table, SubnetId=public)
    role = account.role("fargate")
    with pytest.raises(ClientError) as refused:
        profile(account, podExecutionRoleArn=role, subnets=[public, private])
    code, message, status = answer(refused)
    assert (code, status) == ("InvalidParameterException", 400)
    assert message == f"Subnet {public} provided in Fargate Profile is not a private subnet"
    assert profile(account, podExecutionRoleArn=role, subnets=[private])["status"] == "ACTIVE"


def test_profile_of_a_role_that_is_not_there_is_refused(account: Account) -> None:
    account.cluster()
    with pytest.raises(ClientError) as refused:
        profile(account, podExecutionRoleArn="arn:aws:iam::123456789012:role/nobody")
    assert "does not exist" in answer(refused)[1]


def test_cluster_with_a_profile_is_not_deleted(account: Account) -> None:
    account.cluster()
    profile(account, podExecutionRoleArn=account.role("fargate"))
    with pytest.raises(ClientError) as refused:
        account.eks.delete_cluster(name="platform")
    assert answer(refused)[1] == "Cluster has Fargate profiles attached"
