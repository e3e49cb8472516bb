"""EC2: route tables."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from tooling.aws_types.billing import free
from tooling.aws_types.identification import Account, Values, by_tags, ec2_filter
from tooling.aws_types.listing import ec2_listing
from tooling.aws_types.row import AwsType, Description


def _route(inputs: Values, _account: Account) -> Iterable[str]:
    names = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
    destination = next((inputs[name] for name in names if inputs.get(name)), None)
    return [f"r-{inputs['routeTableId']}{zlib.crc32(destination.encode())}"] if destination else []


def _route_table_association(inputs: Values, account: Account) -> Iterable[str]:
    if not inputs.get("subnetId"):
        return
    answer = account.client("ec2").describe_route_tables(
        Filters=[ec2_filter("association.subnet-id", inputs["subnetId"])]
    )
    for table in answer["RouteTables"]:
        for association in table["Associations"]:
            wanted = (inputs["subnetId"], inputs["routeTableId"])
            if (association.get("SubnetId"), association["RouteTableId"]) == wanted:
                yield association["RouteTableAssociationId"]


TYPES = (
    AwsType(
        pulumi_name="aws:ec2/route:Route",
        description=Description(
            noun="route of route table",
            service="vpc",
            name=("routeTableId", "destinationCidrBlock"),
            find="aws ec2 describe-route-tables --route-table-ids {routeTableId} --region {region}",
            delete="aws ec2 delete-route --route-table-id {routeTableId} "
            "--destination-cidr-block {destinationCidrBlock} "
            "--region {region}",
            adoptable=True,
        ),
        identification=_route,
        listing="goes with its route table",
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:ec2/routeTable:RouteTable",
        description=Description(
            noun="route table",
            service="vpc",
            find="aws ec2 describe-route-tables --filters Name=vpc-id,Values={vpcId} --region {region}",
            uses="aws ec2 describe-route-tables --route-table-ids {id} --region {region}",
        ),
        identification=by_tags("describe_route_tables", "RouteTables", "RouteTableId"),
        listing=ec2_listing(
            "route-table",
            "describe_route_tables",
            "RouteTables",
            "RouteTableId",
            keep=lambda table: not any(association.get("Main") for association in table["Associations"]),
        ),
        billing=free,
    ),
    AwsType(
        pulumi_name="aws:ec2/routeTableAssociation:RouteTableAssociation",
        description=Description(
            noun="route table of subnet",
            service="vpc",
            name=("subnetId",),
            find="aws ec2 describe-route-tables --filters Name=association.subnet-id,Values={subnetId} "
            "--region {region}",
            delete="aws ec2 disassociate-route-table --association-id <its id> --region {region}",
        ),
        identification=_route_table_association,
        listing="goes with its route table",
        billing=free,
    ),
)
