"""How to find the object that a create with given inputs may have made, although no state has its id.

Most ids follow from the inputs alone; whether such an object exists, and belongs to the platform, is seen when the
engine reads it. Others (of a VPC, a key) are chosen by AWS: they are found by the tags that only this resource has. Ids
have the released plug-in's format: see the import section of each resource's page in the Terraform registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]
"""Inputs by their wire name (`cidrBlock`)."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account to search. `client` returns a boto3 client for a service."""

    account_id: str
    partition: str
    client: Callable[[str], Any]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}::{self.account_id}:{resource}"


Identification = Callable[[Values, Account], Iterable[str]]
"""The ids, most likely first."""


def from_inputs(*names: str, separator: str = ":") -> Identification:
    """The inputs `names`, joined as in the id; nothing if one is unknown."""

    def ids(inputs: Values, _account: Account) -> Iterable[str]:
        parts = [inputs.get(name) for name in names]
        return [separator.join(map(str, parts))] if all(parts) else []

    return ids


def by_tags(operation: str, collection: str, identity: str, *, parameter: str = "Filters") -> Identification:
    """EC2 objects that have all the tags of the inputs, by the call that lists them.

    DescribeTags would be one call for all kinds, but also returns objects that no longer exist.
    """

    def ids(inputs: Values, account: Account) -> Iterable[str]:
        wanted = tags_of(inputs)
        if not wanted:
            return
        ec2 = account.client("ec2")
        filters = [ec2_filter(f"tag:{key}", value) for key, value in wanted.items()]
        pages = (
            ec2.get_paginator(operation).paginate(**{parameter: filters})
            if ec2.can_paginate(operation)
            else [getattr(ec2, operation)(**{parameter: filters})]
        )
        for thing in (thing for page in pages for thing in page[collection]):
            actual = {tag["Key"]: tag["Value"] for tag in thing.get("Tags") or ()}
            if wanted.items() <= actual.items() and thing.get("State") not in ("deleting", "deleted", "failed"):
                yield thing[identity]

    return ids


def tags_of(inputs: Values) -> Mapping[str, str]:
    """All tags of the object; only `tags` if the plug-in does not report the default tags."""
    return inputs.get("tagsAll") or inputs.get("tags") or {}


def ec2_filter(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Values": [value]}
