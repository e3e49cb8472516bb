"""The VPC: public and private subnets in every zone, route tables, NAT gateways, and related resources.

Ranges are computed in `address_plan.py`; endpoints are in `endpoints.py`, a second range for pods in `pod_range.py`,
security groups in `security_groups.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from address_plan import ZoneLayout, zone_layouts
from endpoints import Endpoints, EndpointsArgs
from network_settings import NetworkSettings
from pod_range import PodRange, PodRangeArgs
from security_groups import SecurityGroups, SecurityGroupsArgs
from stack_context import StackContext


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    context: StackContext
    settings: NetworkSettings
    zones: Sequence[str]
    """Availability zones, in the order of their subnets."""


class Network(pulumi.ComponentResource):
    """A VPC with one public and one private subnet in every zone.

    Each private subnet has its own route table, so that changing the number of NAT gateways only changes routes.
    """

    vpc_id: pulumi.Output[str]
    layouts: list[ZoneLayout]
    public_subnet_ids: list[pulumi.Output[str]]
    private_subnet_ids: list[pulumi.Output[str]]
    pod_subnet_ids: list[pulumi.Output[str]]
    """Subnets of the second range; empty if there is none."""
    pod_cidrs: list[str]
    """CIDR ranges of pod addresses: the private subnets and those of the second range, which the CNI also uses."""
    security_groups: SecurityGroups
    endpoint_cidrs: list[str]
    """CIDR ranges of the interface endpoints; empty if there are none."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Network", name, {}, opts)
        self.layouts = zone_layouts(args.settings.vpc_cidr, args.zones, args.settings.pod_cidr)
        self._args = args
        vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=args.settings.vpc_cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._name_tag("vpc"),
            opts=self._child(),
        )
        self.vpc_id = vpc.id
        gateway = aws.ec2.InternetGateway(
            "internet-gateway", vpc_id=vpc.id, tags=self._name_tag("internet-gateway"), opts=self._child()
        )
        public_subnets = [self._subnet("public", layout.public_cidr, layout.zone) for layout in self.layouts]
        private_subnets = [self._subnet("private", layout.private_cidr, layout.zone) for layout in self.layouts]
        self.public_subnet_ids = [subnet.id for subnet in public_subnets]
        self.private_subnet_ids = [subnet.id for subnet in private_subnets]
        self.security_groups = SecurityGroups(
            "security-groups",
            SecurityGroupsArgs(context=args.context, settings=args.settings, vpc_id=self.vpc_id),
            self._child(),
        )
        public_table = self._route_publicly(gateway, public_subnets)
        private_tables = self._route_privately(gateway, public_subnets, private_subnets)
        self.endpoint_cidrs = self._add_endpoints([public_table, *private_tables])
        self.pod_subnet_ids = self._add_pod_range(private_tables)
        self.pod_cidrs = [layout.private_cidr for layout in self.layouts] + [
            layout.pod_cidr for layout in self.layouts if layout.pod_cidr is not None
        ]
        self.register_outputs({"vpc_id": self.vpc_id})

    def private_subnet_ids_in(self, zones: Sequence[str]) -> list[pulumi.Output[str]]:
        """Private subnets of the given zones, in the order of the network's zones; all of them if none is given."""
        return [
            subnet_id
            for layout, subnet_id in zip(self.layouts, self.private_subnet_ids, strict=True)
            if not zones or layout.zone in zones
        ]

    def _subnet(self, kind: str, cidr: str, zone: str) -> aws.ec2.Subnet:
        # Source: EKS user guide, "Route application and HTTP traffic with Application Load Balancers", subnet tags.
        role = "kubernetes.io/role/elb" if kind == "public" else "kubernetes.io/role/internal-elb"
        return aws.ec2.Subnet(
            f"{kind}-{zone}",
            vpc_id=self.vpc_id,
            cidr_block=cidr,
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags={
                **self._name_tag(f"{kind}-{zone}"),
                f"kubernetes.io/cluster/{self._args.context.cluster_name}": "shared",
                role: "1",
            },
            opts=self._child(),
        )

    def _route_publicly(
        self, gateway: aws.ec2.InternetGateway, subnets: Sequence[aws.ec2.Subnet]
    ) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable("public", vpc_id=self.vpc_id, tags=self._name_tag("public"), opts=self._child())
        aws.ec2.Route(
            "public-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._child(),
        )
        for layout, subnet in zip(self.layouts, subnets, strict=True):
            self._associate(f"public-{layout.zone}", table, subnet)
        return table

    def _route_privately(
        self,
        gateway: aws.ec2.InternetGateway,
        public_subnets: Sequence[aws.ec2.Subnet],
        private_subnets: Sequence[aws.ec2.Subnet],
    ) -> list[aws.ec2.RouteTable]:
        per_zone = self._args.settings.nat_gateways == "per-zone"
        served = self.layouts if per_zone else self.layouts[:1]
        nat_gateways = [
            self._nat_gateway(layout.zone, subnet, gateway)
            for layout, subnet in zip(served, public_subnets, strict=False)
        ]
        tables: list[aws.ec2.RouteTable] = []
        for index, (layout, subnet) in enumerate(zip(self.layouts, private_subnets, strict=True)):
            name = f"private-{layout.zone}"
            table = aws.ec2.RouteTable(name, vpc_id=self.vpc_id, tags=self._name_tag(name), opts=self._child())
            aws.ec2.Route(
                f"{name}-internet",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=nat_gateways[index if per_zone else 0].id,
                opts=self._child(),
            )
            self._associate(name, table, subnet)
            tables.append(table)
        return tables

    def _nat_gateway(self, zone: str, subnet: aws.ec2.Subnet, gateway: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
        address = aws.ec2.Eip(f"nat-{zone}", domain="vpc", tags=self._name_tag(f"nat-{zone}"), opts=self._child())
        return aws.ec2.NatGateway(
            f"nat-{zone}",
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags=self._name_tag(f"nat-{zone}"),
            # AWS creates a public NAT gateway only in a VPC with an attached internet gateway.
            opts=self._child(depends_on=[gateway]),
        )

    def _add_endpoints(self, route_tables: Sequence[aws.ec2.RouteTable]) -> list[str]:
        args = EndpointsArgs(
            context=self._args.context,
            settings=self._args.settings,
            vpc_id=self.vpc_id,
            layouts=self.layouts,
            route_table_ids=[table.id for table in route_tables],
        )
        return Endpoints("endpoints", args, self._child()).cidrs

    def _add_pod_range(self, route_tables: Sequence[aws.ec2.RouteTable]) -> list[pulumi.Output[str]]:
        if not self._args.settings.pod_cidr:
            return []
        args = PodRangeArgs(
            context=self._args.context,
            cidr=self._args.settings.pod_cidr,
            vpc_id=self.vpc_id,
            layouts=self.layouts,
            route_table_ids=[table.id for table in route_tables],
        )
        return PodRange("pod-range", args, self._child()).subnet_ids

    def _associate(self, name: str, table: aws.ec2.RouteTable, subnet: aws.ec2.Subnet) -> None:
        aws.ec2.RouteTableAssociation(name, route_table_id=table.id, subnet_id=subnet.id, opts=self._child())

    def _name_tag(self, name: str) -> dict[str, str]:
        return {"Name": self._args.context.named(name)}

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))
