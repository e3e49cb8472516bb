"""Settings of the network: CIDR ranges, NAT, endpoints, and ingress."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Literal

import pulumi
from address_plan import LARGEST_VPC, SMALLEST_VPC
from interface_endpoints import InterfaceEndpoint
from pydantic import Field, field_validator, model_validator

from shared.settings import Settings

POD_RANGES = IPv4Network("100.64.0.0/10")
"""Shared address space: the one range that can be added to any VPC, and that tenants' internet egress excludes.

Source: VPC user guide, "IPv4 CIDR block association restrictions".
"""


class SecurityGroupSettings(Settings):
    private_access_cidrs: list[str] = Field(
        default_factory=list,
        description="IPv4 ranges outside the VPC (VPN, peering) that may reach the private Kubernetes API.",
    )
    ssh_key_name: pulumi.Output[str] | None = Field(
        default=None,
        description="EC2 key pair for SSH on nodes, a secret; default: no SSH, use Session Manager.",
    )
    ssh_source_security_group_ids: list[str] = Field(
        default_factory=list, description="Source security groups for SSH; required with ssh_key_name, and only then."
    )

    @field_validator("private_access_cidrs")
    @classmethod
    def _are_ranges(cls, value: list[str]) -> list[str]:
        if "0.0.0.0/0" in value:
            raise ValueError("0.0.0.0/0 is the whole internet; name the ranges of your own network")
        return [str(IPv4Network(cidr)) for cidr in value]

    @field_validator("ssh_source_security_group_ids")
    @classmethod
    def _are_groups(cls, value: list[str]) -> list[str]:
        wrong = [group for group in value if not re.fullmatch(r"sg-[0-9a-f]{8,17}", group)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not the ID of a security group, such as sg-0123456789abcdef0")
        return value

    @model_validator(mode="after")
    def _ssh_from_somewhere(self) -> SecurityGroupSettings:
        if (self.ssh_key_name is not None) != bool(self.ssh_source_security_group_ids):
            raise ValueError("ssh_key_name and ssh_source_security_group_ids go together: set both or neither")
        return self


class NetworkSettings(SecurityGroupSettings):
    vpc_cidr: str = Field(
        default="10.0.0.0/16",
        description=f"IPv4 range of the VPC, /{LARGEST_VPC} to /{SMALLEST_VPC}; subnets are a /24 each, or a sixteenth "
        "of a VPC smaller than /20.",
    )
    pod_cidr: str = Field(
        default="",
        description=f"Second IPv4 range of the VPC for pods, inside {POD_RANGES}, /16 to /24, one quarter per zone; "
        "empty: none.",
    )
    nat_gateways: Literal["one", "per-zone"] = Field(
        default="per-zone",
        description="One NAT gateway for all zones is cheaper; one per zone survives the loss of a zone.",
    )
    s3_gateway_endpoint: bool = Field(
        default=True, description="Access S3, including image layers, without a NAT gateway; free of charge."
    )
    interface_endpoints: list[InterfaceEndpoint] = Field(
        default_factory=list[InterfaceEndpoint],
        description="AWS services with an interface endpoint in dedicated subnets; billed per hour and zone.",
    )

    @field_validator("vpc_cidr")
    @classmethod
    def _divides_into_subnets(cls, value: str) -> str:
        if not LARGEST_VPC <= IPv4Network(value).prefixlen <= SMALLEST_VPC:
            raise ValueError(f"{value} is not between /{LARGEST_VPC} and /{SMALLEST_VPC}")
        return value

    @field_validator("pod_cidr")
    @classmethod
    def _is_shared_address_space(cls, value: str) -> str:
        if value and not (IPv4Network(value).subnet_of(POD_RANGES) and 16 <= IPv4Network(value).prefixlen <= 24):
            raise ValueError(f"{value} is not inside {POD_RANGES} with a size between /16 and /24")
        return value

    @field_validator("interface_endpoints")
    @classmethod
    def _each_once(cls, value: list[InterfaceEndpoint]) -> list[InterfaceEndpoint]:
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} must not be listed more than once")
        return value
