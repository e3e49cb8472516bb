"""The row of one resource type. Every facet is mandatory: a type that lacks one says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tooling.aws_types.billing import Billing
from tooling.aws_types.identification import Identification
from tooling.aws_types.listing import Listing


@dataclass(frozen=True, kw_only=True)
class Description:
    """How messages name a resource, and the AWS CLI commands to inspect it.

    The fields of a command are the resource's inputs by wire name, `id`, `region` and `name`.
    """

    noun: str
    service: str
    """The service code in Service Quotas."""
    name: tuple[str, ...] = ()
    """Inputs that identify it, joined by a slash; empty for its tag `Name`."""
    find: str = ""
    """Command that shows the conflicting resource, or the present state of this one."""
    delete: str = ""
    """Command that deletes the conflicting resource."""
    uses: str = ""
    """Command that shows what uses it."""
    adoptable: bool = False
    """Its id follows from its inputs, and adopting it into the stack loses nothing that others wrote."""

    def named(self, inputs: Mapping[str, Any], resource_id: str, logical: str) -> str:
        """The noun and the resource's name, as people know it."""
        parts = [str(inputs[part]) for part in self.name if inputs.get(part)]
        tags = inputs.get("tagsAll") or inputs.get("tags") or {}
        name = "/".join(parts) or (tags.get("Name") if isinstance(tags, Mapping) else "") or resource_id or logical
        return f"{self.noun} {name}"


@dataclass(frozen=True, kw_only=True)
class AwsType:
    """One resource type.

    Attributes:
        pulumi_name: Pulumi's name of the type, e.g. `aws:ec2/vpc:Vpc`.
        description: its name and commands in error messages.
        identification: the ids of objects that a create may have made although its response was lost, or why they
            cannot be determined.
        listing: how an account lists its resources, or why nothing lists them.
        billing: what it costs.
        precious: its replacement loses data, or replaces everything that refers to it.
    """

    pulumi_name: str
    description: Description
    identification: Identification | str
    listing: Listing | str
    billing: Billing
    precious: bool = False
