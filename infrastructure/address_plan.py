"""The CIDR ranges of each zone's subnets, computed only from the VPC range and the list of zones.

A zone's ranges do not depend on the number of zones: adding a zone does not change existing ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

MOST_ZONES = 4
"""Number of zones that the plan reserves ranges for."""

LARGEST_VPC, SMALLEST_VPC = 16, 23
"""Prefix lengths. AWS takes /16 to /28; a VPC smaller than /23 has no room for all twelve subnets.

Source: VPC user guide, "VPC CIDR blocks".
"""

_PRIVATE_BEGIN = 100
"""In 1/256 of the VPC's range: 10.0.100.0/24 in 10.0.0.0/16."""

_ENDPOINT_PREFIX = 27
"""27 usable addresses, one per endpoint, as AWS reserves five; a /28 would have eleven, too few for all services.

Source: VPC user guide, "Subnet CIDR blocks".
"""


@dataclass(frozen=True, kw_only=True)
class ZoneLayout:
    """The ranges of one availability zone."""

    zone: str
    public_cidr: str
    private_cidr: str
    endpoint_cidr: str
    """Dedicated subnet for interface endpoints, so that a network policy can select exactly these."""
    pod_cidr: str | None
    """A quarter of the VPC's second range; empty if there is none."""


def zone_layouts(vpc_cidr: str, zones: Sequence[str], pod_cidr: str = "") -> list[ZoneLayout]:
    """The address plan of a VPC.

    Public and private subnets are a /24 each, or a sixteenth of a VPC smaller than /20. Public subnets start at the
    beginning of the range and private ones at 100/256 of it: 10.0.0.0/24 and 10.0.100.0/24 in 10.0.0.0/16. Endpoints
    use the last four /27 ranges.
    """
    vpc = IPv4Network(vpc_cidr)
    prefix = max(24, vpc.prefixlen + 4)
    private = _PRIVATE_BEGIN * _count(vpc, prefix) // 256
    endpoints = _count(vpc, _ENDPOINT_PREFIX) - MOST_ZONES
    pods = IPv4Network(pod_cidr) if pod_cidr else None
    return [
        ZoneLayout(
            zone=zone,
            public_cidr=_subnet(vpc, prefix, index),
            private_cidr=_subnet(vpc, prefix, private + index),
            endpoint_cidr=_subnet(vpc, _ENDPOINT_PREFIX, endpoints + index),
            pod_cidr=_subnet(pods, pods.prefixlen + 2, index) if pods else None,
        )
        for index, zone in enumerate(zones)
    ]


def _count(network: IPv4Network, prefix: int) -> int:
    """How many subnets with that prefix length there are."""
    return 1 << (prefix - network.prefixlen)


def _subnet(network: IPv4Network, prefix: int, index: int) -> str:
    """One of them, without listing the two thousand /27 of a /16."""
    if index >= _count(network, prefix):
        raise IndexError(f"{network} has no /{prefix} number {index}")
    return str(IPv4Network((int(network.network_address) + (index << (32 - prefix)), prefix)))
