"""Row of the additional IPv4 CIDR blocks of a VPC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.aws.engine.naming_case import first
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.aws.resources.ec2.operations import Ec2Operations

_HERE = frozenset({"associating", "associated"})


class VpcIpv4CidrBlockAssociation(Ec2Operations):
    def create(self, inputs: Values) -> str:
        answer = self.ec2.associate_vpc_cidr_block(VpcId=inputs["vpcId"], CidrBlock=inputs["cidrBlock"])
        return answer["CidrBlockAssociation"]["AssociationId"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        here = {"VpcIds": [known["vpcId"]]} if known.get("vpcId") else {}
        found = first(
            (vpc, association)
            for page in self.ec2.get_paginator("describe_vpcs").paginate(**here)
            for vpc in page["Vpcs"]
            for association in vpc.get("CidrBlockAssociationSet") or []
            if _is(association, resource_id)
        )
        if found is None:
            return None
        vpc, association = found
        return {"vpcId": vpc["VpcId"], "cidrBlock": association["CidrBlock"]}

    def delete(self, resource_id: str, state: Values) -> None:
        self.ec2.disassociate_vpc_cidr_block(AssociationId=resource_id)


def _is(association: Mapping[str, Any], resource_id: str) -> bool:
    return association["AssociationId"] == resource_id and association["CidrBlockState"]["State"] in _HERE


ROWS = (
    Row(
        pulumi_name="aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        source="vpc_ipv4_cidr_block_association",
        inputs={
            "vpcId": Input(required=True, replaces=True),
            "cidrBlock": Input(required=True, replaces=True),
        },
        outputs=(),
        operations=VpcIpv4CidrBlockAssociation,
        tagged=False,
        import_note="<association id>",
    ),
)
