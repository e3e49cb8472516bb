"""Names and permissions for secrets from AWS Secrets Manager, shared by all tiers. Standard library only.

Tier 2 runs the controller, tier 3 creates a store in each tenant namespace, tier 1 limits the roles that read.
"""

from __future__ import annotations

ADDON = "external-secrets"
"""Name of the add-on in tier 2, its namespace and its service account."""

API_GROUP = "external-secrets.io"
API_VERSION = "v1"

TENANT_STORE = "tenant"
"""The SecretStore in each tenant namespace, the only one that ExternalSecrets can use."""

READ_ACTIONS = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
"""Actions of a tenant's pods. Source: external-secrets v1.3.2, docs/provider/aws-secrets-manager.md, "IAM Policy"."""

KEEP_ACTIONS = (
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:RestoreSecret",
    "secretsmanager:TagResource",
)
"""Actions of a tenant's deployers. Source: Service Authorization Reference, "AWS Secrets Manager"."""


def tenant_secrets(cluster_name: str, tenant: str) -> str:
    """Name prefix of a tenant's secrets in Secrets Manager.

    Ends with a slash, so that tenant `a` cannot access secrets of tenant `ab`.
    """
    return f"{cluster_name}/{tenant}/"


def secret_arns(cluster_arn: str, prefix: str) -> str:
    """ARN pattern of all secrets in the cluster's account and region whose names begin with `prefix`.

    Source: Service Authorization Reference, "AWS Secrets Manager", resource types; AWS ends each ARN with a hyphen and
    six characters of its own.
    """
    _, partition, _, region, account, _ = cluster_arn.split(":", 5)
    return f"arn:{partition}:secretsmanager:{region}:{account}:secret:{prefix}*"
