"""What tiers agree on about secrets that come from AWS Secrets Manager. Standard library only.

Tier 2 runs the controller, tier 3 makes a store in each namespace of a tenant, tier 1 bounds the roles that read.
"""

from __future__ import annotations

ADDON = "external-secrets"
"""Name of tier 2's add-on, and of its namespace and service account."""

API_GROUP = "external-secrets.io"
API_VERSION = "v1"

TENANT_STORE = "tenant"
"""The SecretStore of each tenant's namespace; ExternalSecrets name no other."""

READ_ACTIONS = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
"""Of a tenant's pods. Source: external-secrets v1.3.2, docs/provider/aws-secrets-manager.md, "IAM Policy"."""

KEEP_ACTIONS = (
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:RestoreSecret",
    "secretsmanager:TagResource",
)
"""Of a tenant's deployers. Source: Service Authorization Reference, "AWS Secrets Manager"."""


def tenant_secrets(cluster_name: str, tenant: str) -> str:
    """What the names of a tenant's secrets in Secrets Manager begin with.

    Ends with a slash, so that tenant `a` does not reach what belongs to `ab`.
    """
    return f"{cluster_name}/{tenant}/"


def secret_arns(cluster_arn: str, prefix: str) -> str:
    """All secrets, in the cluster's account and region, whose names begin with `prefix`.

    Source: Service Authorization Reference, "AWS Secrets Manager", resource types; AWS ends each ARN with a hyphen and
    six characters of its own.
    """
    _, partition, _, region, account, _ = cluster_arn.split(":", 5)
    return f"arn:{partition}:secretsmanager:{region}:{account}:secret:{prefix}*"
