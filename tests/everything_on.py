"""Settings that switch on everything optional, by project: for tests that look at all that a tier can make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.contracts import PlatformAddons
from shared.testing import every_contract

SETTINGS: dict[str, dict[str, Any]] = {
    "infrastructure": {
        "interface_endpoints": ["sts"],
        "bucket_key_arn": "arn:aws:kms:us-east-1:123456789012:key/0b1c2d3e-0000-4000-8000-000000000000",
        "fargate_profiles": {"system": {"selectors": [{"namespace": "kube-system"}]}},
        "fargate_pod_logs": True,
        "admin_principal_arns": ["arn:aws:iam::123456789012:role/operators"],
    },
    "platform-addons": {
        "external_dns_enabled": True,
        "external_dns_zone_ids": ["Z0123456789ABCDEFGHIJ"],
        "external_dns_domains": ["apps.example.com"],
        "container_insights_enabled": True,
        "fargate_logging_enabled": True,
        "external_secrets_enabled": True,
    },
    "tenants": {},
}


def upstream(reference: str) -> Mapping[str, Any] | None:
    """A chain fully deployed, with every add-on in place."""
    published = every_contract(reference)
    if published is not None and reference.split("/")[1] == PlatformAddons.project:
        return {**published, "addons": [*published["addons"], "external-dns", "external-secrets"]}
    return published


STACKS = {"tenants": "dev.tenant-a"}
"""Of the projects whose stack is not `dev`."""
