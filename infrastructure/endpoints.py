"""VPC endpoints: the S3 gateway endpoint, and interface endpoints in dedicated subnets.

Interface endpoints have private addresses, which tenants' internet egress rules exclude. A network policy can allow the
ranges of dedicated subnets without also allowing pods or nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from address_plan import ZoneLayout
from network_settings import NetworkSettings
from stack_context import StackContext


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    context: StackContext
    settings: NetworkSettings
    vpc_id: pulumi.Input[str]
    layouts: Sequence[ZoneLayout]
    route_table_ids: Sequence[pulumi.Input[str]]
    """Route tables that route S3 traffic to the gateway endpoint."""


class Endpoints(pulumi.ComponentResource):
    cidrs: list[str]
    """CIDR ranges of the interface endpoints; empty if there are none."""

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Endpoints", name, {}, opts)
        self._args = args
        if args.settings.s3_gateway_endpoint:
            aws.ec2.VpcEndpoint(
                "s3",
                vpc_id=args.vpc_id,
                service_name=self._service("s3"),
                vpc_endpoint_type="Gateway",
                route_table_ids=args.route_table_ids,
                tags=self._name_tag("s3"),
                opts=self._child(),
            )
        self.cidrs = []
        if args.settings.interface_endpoints:
            subnets = [self._subnet(layout) for layout in args.layouts]
            self.cidrs = [layout.endpoint_cidr for layout in args.layouts]
            self._interfaces(subnets, self._security_group())
        self.register_outputs({})

    def _subnet(self, layout: ZoneLayout) -> aws.ec2.Subnet:
        """Uses the VPC's main route table, which has local routes only: endpoints never open connections."""
        return aws.ec2.Subnet(
            f"endpoints-{layout.zone}",
            vpc_id=self._args.vpc_id,
            cidr_block=layout.endpoint_cidr,
            availability_zone=layout.zone,
            map_public_ip_on_launch=False,
            tags=self._name_tag(f"endpoints-{layout.zone}"),
            opts=self._child(),
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            "endpoints",
            name=self._args.context.named("eks-endpoints"),
            description="Interface endpoints of AWS services",
            vpc_id=self._args.vpc_id,
            tags=self._name_tag("eks-endpoints"),
            opts=self._child(),
        )
        ranges = {"vpc": self._args.settings.vpc_cidr, "pods": self._args.settings.pod_cidr}
        for name, cidr in ranges.items():
            if cidr:
                aws.vpc.SecurityGroupIngressRule(
                    f"endpoints-https-{name}",
                    security_group_id=group.id,
                    description="HTTPS from the VPC",
                    ip_protocol="tcp",
                    from_port=443,
                    to_port=443,
                    cidr_ipv4=cidr,
                    tags=self._name_tag(f"endpoints-https-{name}"),
                    opts=self._child(),
                )
        return group

    def _interfaces(self, subnets: Sequence[aws.ec2.Subnet], group: aws.ec2.SecurityGroup) -> None:
        for service in self._args.settings.interface_endpoints:
            aws.ec2.VpcEndpoint(
                service,
                vpc_id=self._args.vpc_id,
                service_name=self._service(service),
                vpc_endpoint_type="Interface",
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[group.id],
                # The service's public name then resolves to the endpoint, without client configuration.
                private_dns_enabled=True,
                tags=self._name_tag(service),
                opts=self._child(),
            )

    def _service(self, service: str) -> str:
        return f"com.amazonaws.{self._args.context.region}.{service}"

    def _name_tag(self, name: str) -> dict[str, str]:
        return {"Name": self._args.context.named(name)}

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)
