"""An emulator a test process, emptied before each test, and the least that a cluster needs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.authorization.operators import TESTING
from tooling.aws_emulator.testing import Emulator, running_emulator

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture(autouse=True)
def washed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "MOTO_", "KUBE", "PULUMI_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


def emptied(emulator: Emulator) -> Emulator:
    emulator.empty()
    return emulator


@pytest.fixture
def emulator(emulator_process: Emulator) -> Emulator:
    return emptied(emulator_process)


@dataclass
class Account:
    """Shorthand for what nearly every test makes first."""

    emulator: Emulator
    zones: str = "abc"
    subnets: list[str] = field(default_factory=list)
    vpc: str = ""

    def __post_init__(self) -> None:
        for service in ("ec2", "iam", "eks", "sts", "autoscaling"):
            setattr(self, service, self.emulator.client(service))

    ec2: Any = None
    iam: Any = None
    eks: Any = None
    sts: Any = None
    autoscaling: Any = None

    def network(self) -> list[str]:
        """A VPC with a subnet in each of `zones`."""
        if not self.subnets:
            self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            self.subnets = [
                self.ec2.create_subnet(
                    VpcId=self.vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}"
                )["Subnet"]["SubnetId"]
                for index, zone in enumerate(self.zones)
            ]
        return self.subnets

    def role(self, name: str) -> str:
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]

    def may(self, role: str, action: str | list[str] = "*", resource: str | list[str] = "*") -> str:
        """Gives a new role of this name a policy, and returns the role."""
        arn = self.role(role)
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        self.iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=document(statement))
        return arn

    def of_account(self, account: str, service: str) -> Any:
        """A client of the operator, in another account."""
        make: Any = boto3.Session().client
        client = make(service, region_name="us-east-1", endpoint_url=self.emulator.endpoint_url, **TESTING.arguments())
        client.meta.events.register(
            f"before-sign.{service}", lambda request, **_: request.headers.add_header("x-moto-account-id", account)
        )
        return client

    def administrator(self, account: str, name: str) -> None:
        """A role of another account that may be assumed by everybody and may do everything."""
        iam = self.of_account(account, "iam")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=everything)

    def cluster(self, name: str = "platform", **more: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "name": name,
            "roleArn": more.pop("roleArn", None) or self.role(f"{name}-cluster"),
            "resourcesVpcConfig": {"subnetIds": self.network()},
            "accessConfig": {"authenticationMode": "API"},
            **more,
        }
        return self.eks.create_cluster(**arguments)["cluster"]

    def nodegroup(self, name: str = "main", cluster: str = "platform", **more: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "clusterName": cluster,
            "nodegroupName": name,
            "nodeRole": more.pop("nodeRole", None) or self.role(f"{name}-node"),
            "subnets": self.network(),
            "scalingConfig": {"minSize": 1, "maxSize": 6, "desiredSize": 3},
            "instanceTypes": ["m5.large"],
            **more,
        }
        return self.eks.create_nodegroup(**arguments)["nodegroup"]

    def session(self, role: str, name: str = "alice") -> dict[str, str]:
        """boto3's arguments for a session of the role."""
        given = self.sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }


def document(*statements: dict[str, Any]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def answer(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str, int]:
    """Code, message and HTTP status of a refusal."""
    response: Any = error.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def account(emulator: Emulator) -> Account:
    return Account(emulator)
