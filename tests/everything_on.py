"""Settings that switch on everything optional, by project: for tests that look at all that a tier can make."""

from __future__ import annotations

from typing import Any

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
    },
    "tenants": {},
}
STACKS = {"tenants": "dev.tenant-a"}
"""Of the projects whose stack is not `dev`."""
