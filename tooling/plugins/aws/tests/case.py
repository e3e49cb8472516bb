"""What a conformance case of one resource type says, and the account in which it is played."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tooling.aws_emulator.testing import Emulator
from tooling.plugins.provider.paths import parse
from tooling.plugins.provider.tests.engine import Resource

REGION = "us-east-1"


class _Absent:
    """Leaves the input out."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


class World:
    """Things that a case's resource needs, made in the emulated account when first asked for, by boto3."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def client(self, service: str, region: str = REGION) -> Any:
        return self._emulator.client(service, region=region)

    @cached_property
    def vpc_id(self) -> str:
        return self.new_vpc("10.200.0.0/16")

    @cached_property
    def other_vpc_id(self) -> str:
        return self.new_vpc("10.201.0.0/16")

    def new_vpc(self, cidr: str) -> str:
        return self.client("ec2").create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]

    @cached_property
    def subnet_ids(self) -> list[str]:
        """One in each of three zones, outside the ranges that cases use."""
        zones = ("a", "b", "c")
        return [self._subnet(self.vpc_id, f"10.200.{200 + i}.0/24", zone) for i, zone in enumerate(zones)]

    def _subnet(self, vpc_id: str, cidr: str, zone: str) -> str:
        ec2 = self.client("ec2")
        return ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]

    @cached_property
    def gateway_id(self) -> str:
        ec2 = self.client("ec2")
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc_id)
        return gateway

    @cached_property
    def nat_gateway_id(self) -> str:
        ec2 = self.client("ec2")
        answer = ec2.create_nat_gateway(SubnetId=self.subnet_ids[0], AllocationId=self.allocation_ids[2])
        return answer["NatGateway"]["NatGatewayId"]

    @cached_property
    def network_interface_id(self) -> str:
        answer = self.client("ec2").create_network_interface(SubnetId=self.subnet_ids[0])
        return answer["NetworkInterface"]["NetworkInterfaceId"]

    @cached_property
    def peering_id(self) -> str:
        ec2 = self.client("ec2")
        answer = ec2.create_vpc_peering_connection(VpcId=self.vpc_id, PeerVpcId=self.other_vpc_id)
        return answer["VpcPeeringConnection"]["VpcPeeringConnectionId"]

    @cached_property
    def prefix_list_ids(self) -> list[str]:
        ec2 = self.client("ec2")
        return [
            ec2.create_managed_prefix_list(PrefixListName=name, MaxEntries=2, AddressFamily="IPv4")["PrefixList"][
                "PrefixListId"
            ]
            for name in ("one", "two")
        ]

    @cached_property
    def allocation_ids(self) -> list[str]:
        ec2 = self.client("ec2")
        return [ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(3)]

    @cached_property
    def route_table_ids(self) -> list[str]:
        ec2 = self.client("ec2")
        return [ec2.create_route_table(VpcId=self.vpc_id)["RouteTable"]["RouteTableId"] for _ in range(2)]

    @cached_property
    def group_ids(self) -> list[str]:
        ec2 = self.client("ec2")
        return [
            ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc_id)["GroupId"]
            for name in ("one", "two", "three")
        ]

    @cached_property
    def image_ids(self) -> list[str]:
        return [image["ImageId"] for image in self.client("ec2").describe_images(Owners=["amazon"])["Images"][:2]]

    @cached_property
    def role_arns(self) -> list[str]:
        """Roles that EKS and its nodes may assume."""
        document = trust("eks.amazonaws.com", "ec2.amazonaws.com", "pods.eks.amazonaws.com")
        iam = self.client("iam")
        return [
            iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=document)["Role"]["Arn"]
            for number in range(4)
        ]

    @cached_property
    def policy_arns(self) -> list[str]:
        iam = self.client("iam")
        return [
            iam.create_policy(PolicyName=f"policy-{number}", PolicyDocument=policy("s3:GetObject"))["Policy"]["Arn"]
            for number in range(2)
        ]

    @cached_property
    def instance_profile_arns(self) -> list[str]:
        iam = self.client("iam")
        names = ("one", "two")
        return [iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"] for name in names]

    @cached_property
    def key_arns(self) -> list[str]:
        return [self.client("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2)]

    @cached_property
    def log_group_arns(self) -> list[str]:
        logs = self.client("logs")
        for name in ("one", "two"):
            logs.create_log_group(logGroupName=name)
        return [group["arn"].removesuffix(":*") for group in logs.describe_log_groups()["logGroups"]]

    @cached_property
    def repositories(self) -> list[str]:
        names = ["one", "two"]
        for name in names:
            self.client("ecr").create_repository(repositoryName=name)
        return names

    @cached_property
    def buckets(self) -> list[str]:
        """Buckets with names that no other account has: all accounts share them."""
        names = [f"bucket-{uuid.uuid4().hex[:12]}" for _ in range(2)]
        for name in names:
            self.client("s3").create_bucket(Bucket=name)
        return names

    @cached_property
    def cluster(self) -> str:
        """A cluster with access entries; there is one in an emulator at most."""
        self.client("eks").create_cluster(
            name="conformance",
            roleArn=self.role_arns[0],
            resourcesVpcConfig={"subnetIds": self.subnet_ids},
            accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        )
        return "conformance"

    @cached_property
    def launch_template_id(self) -> str:
        """A template with three versions."""
        ec2 = self.client("ec2")
        data = {"MetadataOptions": {"HttpTokens": "required"}}
        answer = ec2.create_launch_template(LaunchTemplateName="conformance", LaunchTemplateData=data)
        template = answer["LaunchTemplate"]["LaunchTemplateId"]
        for _ in range(2):
            ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
        return template

    @cached_property
    def access_entry_arns(self) -> list[str]:
        arns = self.role_arns[2:4]
        for arn in arns:
            self.client("eks").create_access_entry(clusterName=self.cluster, principalArn=arn)
        return arns

    @cached_property
    def autoscaling_groups(self) -> list[str]:
        names = ("one", "two")
        for name in names:
            self.client("autoscaling").create_auto_scaling_group(
                AutoScalingGroupName=name,
                MinSize=0,
                MaxSize=1,
                VPCZoneIdentifier=self.subnet_ids[0],
                LaunchTemplate={"LaunchTemplateId": self._group_template, "Version": "$Latest"},
            )
        return list(names)

    @cached_property
    def _group_template(self) -> str:
        data = {"ImageId": self.image_ids[0], "InstanceType": "t3.micro"}
        answer = self.client("ec2").create_launch_template(LaunchTemplateName="group", LaunchTemplateData=data)
        return answer["LaunchTemplate"]["LaunchTemplateId"]


Value = Any
"""A plain value, `ABSENT`, a function from the world to one, or a `Swap`."""


@dataclass(frozen=True)
class Swap:
    """A value that takes the place of another input, which may not stand beside it."""

    instead_of: str
    value: Value


@dataclass(frozen=True, kw_only=True)
class Case:
    """One resource type.

    Attributes:
        inputs: a program's inputs, with everything that may be left out left in where that is allowed.
        updates: by property path, another value that is applied in place.
        replaces: by property path, another value that replaces.
        planned: as `replaces`, but only planned: what it needs cannot exist beside what is there.
        fixed: by property path, another value whose change is refused by name.
        silent: outputs that this case's resource does not have, e.g. the private address of a public thing.
        import_id: the id that an import is given.
        side_by_side: two of it may exist at once; else a replacement is played with `delete_before_replace`.
        one_way: paths of `updates` that AWS does not take back.
        needed: inputs that may be left out, but not all at once.
        starting: by property path of `updates`, inputs to start from instead of the case's own.
        elsewhere: inputs that a test of their own plays.
        lingers: its deletion leaves it readable, in a state of rest.
        own_emulator: it cannot live beside the other cases' resources.
    """

    pulumi_name: str
    inputs: Callable[[World], dict[str, Any]]
    updates: Mapping[str, Value] = field(default_factory=dict)
    replaces: Mapping[str, Value] = field(default_factory=dict)
    planned: Mapping[str, Value] = field(default_factory=dict)
    fixed: Mapping[str, Value] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    import_id: Callable[[Resource], str] = lambda resource: resource.id
    side_by_side: bool = True
    one_way: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    starting: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    lingers: bool = False
    own_emulator: bool = False


def changed(inputs: Mapping[str, Any], path: str, value: Value, world: World) -> dict[str, Any]:
    """A copy of inputs with another value at a property path."""
    result = copy.deepcopy(dict(inputs))
    *steps, last = parse(path)
    inner: Any = result
    for step in steps:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
    if isinstance(value, Swap):
        return changed(changed(inputs, value.instead_of, ABSENT, world), path, value.value, world)
    value = value(world) if callable(value) else value
    if value is ABSENT:
        inner.pop(last, None)
    else:
        inner[last] = value
    return result


def trust(*services: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": ["sts:AssumeRole"]},
            ],
        }
    )


def policy(*actions: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    )
