"""Lists the resources of an emulated account that a program or a person created: what a destroy must not leave behind.

Leaves out what AWS creates by itself (parts of the default VPC, service-linked roles, its own keys and policies).
"""

from __future__ import annotations

import functools
import os
from typing import Any

import boto3

from tooling.aws_emulator.authorization.operators import OperatorKey, own_key
from tooling.aws_types.table import INVENTORIED

Item = dict[str, str]

_SESSION = boto3.Session()
"""One for all, since reading a service's model takes longer than a request."""


def inventory(endpoint_url: str, region: str, key: OperatorKey | None = None) -> list[Item]:
    """All of it, sorted: `[{"service": "ec2", "kind": "vpc", "id": "vpc-…"}, …]`. Reads only.

    Args:
        key: the operator's; by default that of the environment.
    """

    operator = key or own_key(os.environ)

    @functools.cache
    def client(service: str) -> Any:
        make: Any = _SESSION.client
        return make(service, endpoint_url=endpoint_url, region_name=region, **operator.arguments())

    items = [
        {"service": listing.service, "kind": listing.kind, "id": thing[listing.identity]}
        for listing in INVENTORIED
        for thing in listing.things(client(listing.service))
        if listing.confirm(client(listing.service), thing)
    ]
    return sorted(items, key=lambda item: (item["service"], item["kind"], item["id"]))
