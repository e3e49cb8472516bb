"""The VPC's second range, for pods: the private subnets only have room for nodes and a few pods on each.

The VPC CNI finds the subnets by their tag and uses the subnet of the zone with the most free addresses, without any
configuration in the cluster. Source: EKS user guide, "Configure subnet selection for Pod IP addresses".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from address_plan import ZoneLayout
from stack_context import StackContext


@dataclass(frozen=True, kw_only=True)
class PodRangeArgs:
    context: StackContext
    cidr: str
    vpc_id: pulumi.Input[str]
    layouts: Sequence[ZoneLayout]
    """Zones of an address plan with a second range."""
    route_table_ids: Sequence[pulumi.Input[str]]
    """The private route table of each zone: pods use the same NAT gateway as their nodes."""


class PodRange(pulumi.ComponentResource):
    subnet_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: PodRangeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:PodRange", name, {}, opts)
        association = aws.ec2.VpcIpv4CidrBlockAssociation(
            "pods", vpc_id=args.vpc_id, cidr_block=args.cidr, opts=pulumi.ResourceOptions(parent=self)
        )
        self.subnet_ids = []
        for layout, route_table_id in zip(args.layouts, args.route_table_ids, strict=True):
            subnet = aws.ec2.Subnet(
                f"pods-{layout.zone}",
                vpc_id=args.vpc_id,
                cidr_block=layout.pod_cidr,
                availability_zone=layout.zone,
                map_public_ip_on_launch=False,
                # No load balancer role tag: load balancers stay in the node subnets.
                tags={
                    "Name": args.context.named(f"pods-{layout.zone}"),
                    f"kubernetes.io/cluster/{args.context.cluster_name}": "shared",
                    "kubernetes.io/role/cni": "1",
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=[association]),
            )
            aws.ec2.RouteTableAssociation(
                f"pods-{layout.zone}",
                route_table_id=route_table_id,
                subnet_id=subnet.id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.subnet_ids.append(subnet.id)
        self.register_outputs({})
