"""Destinations that a tenant's pods may connect to, beyond its own namespaces and DNS."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from shared.models import no_truth_value
from shared.tenant_quota import Part

# Pydantic writes the limits into the JSON Schema only if they stand before the validator.
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(no_truth_value)]

EgressProfile = Literal["internet", "aws", "none"]

_LINK_LOCAL = IPv4Network("169.254.0.0/16")
_NOT_UNICAST = (IPv4Network("0.0.0.0/8"), IPv4Network("127.0.0.0/8"), IPv4Network("224.0.0.0/3"))


def _cidr(value: str) -> str:
    try:
        network = IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not an IPv4 range such as 10.20.0.0/16, without host bits") from error
    if str(network) != value:
        raise ValueError(f"{value!r} is written {str(network)!r}")
    if network.overlaps(_LINK_LOCAL):
        raise ValueError(f"{value!r} contains link-local addresses, such as that of the instance metadata")
    if any(network.overlaps(other) for other in _NOT_UNICAST):
        raise ValueError(f"{value!r} contains addresses that no remote host has")
    return value


class EgressRange(Part):
    """A network outside the VPC, such as a data centre behind a VPN."""

    cidr: Annotated[str, AfterValidator(_cidr)] = Field(
        description="IPv4 range, outside the VPC and the cluster's range of Services."
    )
    ports: tuple[Port, ...] = Field(min_length=1, max_length=24, description="TCP ports.")
