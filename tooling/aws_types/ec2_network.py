"""EC2: VPCs with their subnets, gateways, addresses, endpoints and flow logs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tooling.aws_types.billing import Bill, Charge, NotKnown, Resources, always, free, used
from tooling.aws_types.identification import Account, Values, by_tags
from tooling.aws_types.listing import Thing, ec2_listing, own_tags
from tooling.aws_types.row import AwsType, Description

if TYPE_CHECKING:
    from shared.dry_runs import Registered


def interfaces(name: str) -> str:
    return f"aws ec2 describe-network-interfaces --filters Name={name},Values={{id}} --region {{region}}"


def not_default(thing: Thing) -> bool:
    return not (thing.get("IsDefault") or thing.get("DefaultForAz"))


def _further_range(inputs: Values, account: Account) -> Iterable[str]:
    answer = account.client("ec2").describe_vpcs(VpcIds=[inputs["vpcId"]])
    for vpc in answer["Vpcs"]:
        for association in vpc.get("CidrBlockAssociationSet") or ():
            associated = association.get("CidrBlockState", {}).get("State") in (None, "associating", "associated")
            if association["CidrBlock"] == inputs.get("cidrBlock") and associated:
                yield association["AssociationId"]


def _endpoint(resource: Registered, _: Resources) -> Bill:
    if resource.inputs.get("vpcEndpointType") != "Interface":
        return []
    zones = len(resource.inputs.get("subnetIds") or [None])
    return [
        Charge(unit="interface-endpoint-hour", quantity=zones, at_most=zones),
        NotKnown(why="data that passes through it, per GB"),
    ]


TYPES = (
    AwsType(
        pulumi_name="aws:ec2/eip:Eip",
        description=Description(
            noun="Elastic IP address",
            service="ec2",
            find="aws ec2 describe-addresses --region {region}",
            uses="aws ec2 describe-addresses --allocation-ids {id} --region {region}",
        ),
        identification=by_tags("describe_addresses", "Addresses", "AllocationId"),
        listing=ec2_listing(
            "elastic-ip", "describe_addresses", "Addresses", "AllocationId", paginated=False, tags=own_tags
        ),
        billing=always("public-ipv4-hour"),
    ),
    AwsType(
        pulumi_name="aws:ec2/flowLog:FlowLog",
        description=Description(
            noun="flow log of VPC",
            service="vpc",
            name=("vpcId",),
            find="aws ec2 describe-flow-logs --filter Name=resource-id,Values={vpcId} --region {region}",
            delete="aws ec2 delete-flow-logs --flow-log-ids <its id> --region {region}",
        ),
        identification=by_tags("describe_flow_logs", "FlowLogs", "FlowLogId", parameter="Filter"),
        listing=ec2_listing("flow-log", "describe_flow_logs", "FlowLogs", "FlowLogId"),
        billing=used("flow logs, per GB delivered"),
    ),
    AwsType(
        pulumi_name="aws:ec2/internetGateway:InternetGateway",
        description=Description(
            noun="internet gateway",
            service="vpc",
            find="aws ec2 describe-internet-gateways --filters Name=attachment.vpc-id,Values={vpcId} --region {region}",
            uses="aws ec2 describe-addresses --region {region}",
        ),
        identification=by_tags("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        listing=ec2_listing("internet-gateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:ec2/natGateway:NatGateway",
        description=Description(
            noun="NAT gateway",
            service="vpc",
            find="aws ec2 describe-nat-gateways --filter Name=subnet-id,Values={subnetId} --region {region}",
            uses="aws ec2 describe-route-tables --filters Name=route.nat-gateway-id,Values={id} --region {region}",
        ),
        identification=by_tags("describe_nat_gateways", "NatGateways", "NatGatewayId"),
        listing=ec2_listing(
            "nat-gateway",
            "describe_nat_gateways",
            "NatGateways",
            "NatGatewayId",
            keep=lambda gateway: gateway["State"] not in ("deleted", "deleting"),
            tags=own_tags,
        ),
        billing=always("nat-gateway-hour", "data that passes through it, per GB"),
    ),
    AwsType(
        pulumi_name="aws:ec2/subnet:Subnet",
        description=Description(
            noun="subnet",
            service="vpc",
            find="aws ec2 describe-subnets --filters Name=vpc-id,Values={vpcId} --region {region}",
            delete="aws ec2 delete-subnet --subnet-id <its id> --region {region}",
            uses=interfaces("subnet-id"),
        ),
        identification=by_tags("describe_subnets", "Subnets", "SubnetId"),
        listing=ec2_listing("subnet", "describe_subnets", "Subnets", "SubnetId", keep=not_default),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:ec2/vpc:Vpc",
        description=Description(
            noun="VPC", service="vpc", find="aws ec2 describe-vpcs --region {region}", uses=interfaces("vpc-id")
        ),
        identification=by_tags("describe_vpcs", "Vpcs", "VpcId"),
        listing=ec2_listing("vpc", "describe_vpcs", "Vpcs", "VpcId", keep=not_default, tags=own_tags),
        billing=free,
        precious=True,
    ),
    AwsType(
        pulumi_name="aws:ec2/vpcEndpoint:VpcEndpoint",
        description=Description(
            noun="VPC endpoint",
            service="vpc",
            name=("serviceName",),
            find="aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values={vpcId} "
            "Name=service-name,Values={serviceName} --region {region}",
            delete="aws ec2 delete-vpc-endpoints --vpc-endpoint-ids <its id> --region {region}",
        ),
        identification=by_tags("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        listing=ec2_listing(
            "vpc-endpoint",
            "describe_vpc_endpoints",
            "VpcEndpoints",
            "VpcEndpointId",
            keep=lambda endpoint: endpoint["State"].lower() not in ("deleted", "deleting"),
        ),
        billing=_endpoint,
    ),
    AwsType(
        pulumi_name="aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        description=Description(
            noun="range of VPC",
            service="vpc",
            name=("vpcId", "cidrBlock"),
            find="aws ec2 describe-vpcs --vpc-ids {vpcId} --region {region}",
            uses="aws ec2 describe-subnets --filters Name=vpc-id,Values={vpcId} --region {region}",
        ),
        identification=_further_range,
        listing="goes with its VPC",
        billing=free,
    ),
)
