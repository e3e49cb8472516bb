"""All resource types, and everything that an account lists."""

from __future__ import annotations

from collections.abc import Mapping

from tooling.aws_types import (
    autoscaling,
    ec2_instances,
    ec2_network,
    ec2_routes,
    ec2_security_groups,
    ecr,
    eks,
    elb,
    iam,
    kms,
    logs,
    s3,
)
from tooling.aws_types.identification import Account, Values
from tooling.aws_types.listing import Listing
from tooling.aws_types.row import AwsType, Description

_MODULES = (elb, ec2_instances, ec2_security_groups, ec2_routes, ec2_network, logs, iam, autoscaling, eks, ecr, s3, kms)
"""In the order of removal: what uses something comes before it."""

AWS_TYPES: Mapping[str, AwsType] = {row.pulumi_name: row for module in _MODULES for row in getattr(module, "TYPES", ())}
"""By Pulumi's name of the type. A test compares it with the types that the local lane models."""

LISTINGS: tuple[Listing, ...] = tuple(
    listing
    for module in _MODULES
    for listing in (*getattr(module, "OTHERS", ()), *(row.listing for row in getattr(module, "TYPES", ())))
    if isinstance(listing, Listing)
)
"""In the order of removal. A module's `OTHERS` are created by AWS, a controller or a person, but by no program."""

AUDITED = tuple(listing for listing in LISTINGS if listing.tags is not None)
INVENTORIED = tuple(listing for listing in LISTINGS if listing.inventoried)


def description_of(pulumi_name: str) -> Description:
    """The description of a type; a type without a row has its own name and no commands."""
    row = AWS_TYPES.get(pulumi_name)
    return row.description if row is not None else Description(noun=pulumi_name.rsplit(":", 1)[-1], service="")


def ids_of(pulumi_name: str, inputs: Values, account: Account) -> list[str] | str:
    """Ids of objects that a create with `inputs` may have made, most likely first, or why they are not known."""
    row = AWS_TYPES.get(pulumi_name)
    if row is None:
        return "its type is not supported"
    return row.identification if isinstance(row.identification, str) else list(row.identification(inputs, account))
