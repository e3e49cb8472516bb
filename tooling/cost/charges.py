"""The charges of each resource type: one row per type.

A charge is a quantity of a unit; units with a price are in `prices/`. Source: the pricing page of each service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.testing import UNKNOWN, Registered

Resources = Mapping[str, Registered]
"""By URN."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A charge for existing. `quantity`: at the desired size; `at_most`: at the largest size that scaling allows."""

    unit: str
    quantity: int
    at_most: int


@dataclass(frozen=True, kw_only=True)
class NotKnown:
    """A charge that cannot be predicted from the program."""

    why: str


Bill = list[Charge | NotKnown]


def bill_of(resource: Registered, resources: Resources) -> Bill:
    """The charges of the resource itself; unknown for a type without a row."""
    if resource.type in _BILLED:
        return _BILLED[resource.type](resource, resources)
    if resource.type in FREE or not resource.custom or resource.package == "pulumi":
        return []
    if resource.package == "kubernetes":
        return _kubernetes(resource)
    return [NotKnown(why="this type has no row in tooling/cost/charges.py")]


FREE = frozenset(
    {
        "aws:autoscaling/tag:Tag",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:eks/addon:Addon",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kms/alias:Alias",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
"""Types without a charge of their own: the resources that they configure have their own rows."""


def _always(unit: str, used_for: str = "") -> Callable[[Registered, Resources], Bill]:
    def bill(_: Registered, __: Resources) -> Bill:
        one: Bill = [Charge(unit=unit, quantity=1, at_most=1)]
        return [*one, NotKnown(why=used_for)] if used_for else one

    return bill


def _used(what: str) -> Callable[[Registered, Resources], Bill]:
    return lambda _, __: [NotKnown(why=what)]


def _node_group(resource: Registered, resources: Resources) -> Bill:
    scaling = resource.inputs.get("scalingConfig") or {}
    wanted, most = scaling.get("desiredSize"), scaling.get("maxSize")
    types = resource.inputs.get("instanceTypes") or []
    if not isinstance(wanted, int) or not isinstance(most, int) or UNKNOWN in types:
        return [NotKnown(why="its size or instance type is known only to AWS")]
    found: Bill = []
    if resource.inputs.get("capacityType") == "SPOT":
        found.append(NotKnown(why=f"{wanted} spot instances: their price changes by the hour"))
    elif len(types) == 1:
        found.append(Charge(unit=f"instance-hour/{types[0]}", quantity=wanted, at_most=most))
    else:
        found.append(
            NotKnown(why=f"{wanted} instances: which of {', '.join(map(str, types)) or 'any type'} is not known")
        )
    return [*found, *_volumes(resource, resources, wanted, most)]


def _volumes(group: Registered, resources: Resources, wanted: int, most: int) -> Bill:
    templates = [
        resources[urn]
        for urn in group.depends_on
        if urn in resources and resources[urn].type == "aws:ec2/launchTemplate:LaunchTemplate"
    ]
    found: Bill = []
    for device in templates[0].inputs.get("blockDeviceMappings") or () if len(templates) == 1 else ():
        volume: Mapping[str, Any] = device.get("ebs") or {}
        size, kind = volume.get("volumeSize"), volume.get("volumeType")
        if isinstance(size, int) and kind:
            found.append(Charge(unit=f"{kind}-gb-month", quantity=size * wanted, at_most=size * most))
    return found or [NotKnown(why="volumes of its instances: no launch template of the program sets their size")]


def _endpoint(resource: Registered, _: Resources) -> Bill:
    if resource.inputs.get("vpcEndpointType") != "Interface":
        return []
    zones = len(resource.inputs.get("subnetIds") or [None])
    return [
        Charge(unit="interface-endpoint-hour", quantity=zones, at_most=zones),
        NotKnown(why="data that passes through it, per GB"),
    ]


def _kubernetes(resource: Registered) -> Bill:
    kind = resource.type.rsplit(":", 1)[-1]
    if kind == "Ingress":
        return [NotKnown(why="a load balancer: hours and capacity units")]
    if kind == "PersistentVolumeClaim":
        return [NotKnown(why="a volume with the claim's size, depending on its storage class")]
    if kind == "Service" and (resource.inputs.get("spec") or {}).get("type") == "LoadBalancer":
        return [NotKnown(why="a load balancer: hours and capacity units")]
    return []


_BILLED: dict[str, Callable[[Registered, Resources], Bill]] = {
    "aws:cloudwatch/logGroup:LogGroup": _used("logs, per GB ingested, and their storage"),
    "aws:ec2/eip:Eip": _always("public-ipv4-hour"),
    "aws:ec2/flowLog:FlowLog": _used("flow logs, per GB delivered"),
    "aws:ec2/natGateway:NatGateway": _always("nat-gateway-hour", "data that passes through it, per GB"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:ecr/repository:Repository": _used("images, per GB, and transfer out of the region"),
    "aws:eks/cluster:Cluster": _always("eks-cluster-hour"),
    "aws:eks/fargateProfile:FargateProfile": _used("Pods on Fargate, by vCPU and memory"),
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:kms/key:Key": _always("kms-key-month", "requests beyond the free tier, and rotated key versions"),
    "aws:s3/bucket:Bucket": _used("objects, requests and transfer"),
}
