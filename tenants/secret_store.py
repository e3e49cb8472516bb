"""A SecretStore for AWS Secrets Manager in each of the tenant's namespaces, if tier 2 has external-secrets.

The controller reads with the IAM role of the tenant's service account, limited to the tenant's prefix, and writes
Secrets with a Role in the namespace. It has no other write permissions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apiextensions
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.rbac import v1 as rbac
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.external_secrets import ADDON, API_GROUP, API_VERSION, TENANT_STORE, tenant_secrets
from shared.kubernetes_labels import TENANT_SERVICE_ACCOUNT, tenant_labels


@dataclass(frozen=True, kw_only=True)
class SecretStoreArgs:
    context: StackContext
    infrastructure: Infrastructure
    namespace: pulumi.Output[str]
    service_account_name: pulumi.Output[str]
    guardrails: Sequence[pulumi.Resource]
    """Created before the controller may write here."""


def controller_rules() -> list[rbac.PolicyRuleArgs]:
    """Permissions of the controller in a namespace with ExternalSecrets.

    Source: external-secrets v1.3.2, deploy/charts/external-secrets/templates/rbac.yaml.
    """
    return [
        _rule("", "secrets", "get", "create", "update", "patch", "delete"),
        # A token with which the controller assumes the IAM role; for this service account only.
        _rule("", "serviceaccounts/token", "create", name=TENANT_SERVICE_ACCOUNT),
        _rule(API_GROUP, "externalsecrets/status", "get", "update", "patch"),
        _rule(API_GROUP, "secretstores/status", "get", "update", "patch"),
        _rule("", "events", "create", "patch"),
    ]


class SecretStore(pulumi.ComponentResource):
    """The store of one namespace."""

    def __init__(self, name: str, args: SecretStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:SecretStore", name, {}, opts)
        tenant = args.context.tenant.name
        metadata = meta.ObjectMetaArgs(name=ADDON, namespace=args.namespace, labels=tenant_labels(tenant))
        role = rbac.Role(
            f"{name}-{ADDON}",
            metadata=metadata,
            rules=controller_rules(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.guardrails)),
        )
        binding = rbac.RoleBinding(
            f"{name}-{ADDON}",
            metadata=metadata,
            role_ref=rbac.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=role.metadata.name),
            subjects=[rbac.SubjectArgs(kind="ServiceAccount", name=ADDON, namespace=ADDON)],
            opts=pulumi.ResourceOptions(parent=self),
        )
        apiextensions.CustomResource(
            f"{name}-secret-store",
            api_version=f"{API_GROUP}/{API_VERSION}",
            kind="SecretStore",
            metadata=meta.ObjectMetaArgs(name=TENANT_STORE, namespace=args.namespace, labels=tenant_labels(tenant)),
            spec={
                "provider": {
                    "aws": {
                        "service": "SecretsManager",
                        "region": args.context.region,
                        "prefix": args.infrastructure.cluster_name.apply(
                            lambda cluster_name: tenant_secrets(cluster_name, tenant)
                        ),
                        "auth": {"jwt": {"serviceAccountRef": {"name": args.service_account_name}}},
                    }
                }
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[binding]),
        )
        self.register_outputs({})


def _rule(group: str, resource: str, *verbs: str, name: str = "") -> rbac.PolicyRuleArgs:
    return rbac.PolicyRuleArgs(
        api_groups=[group], resources=[resource], verbs=list(verbs), resource_names=[name] if name else None
    )
