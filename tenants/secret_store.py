"""The tenant's way to AWS Secrets Manager, where tier 2 has external-secrets: a store in each of its namespaces.

The controller reads with the AWS role of the tenant's own service account, which ends at the tenant's prefix, and
writes Secrets by a Role of the namespace: here is all that it may write at all.
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
    rails: Sequence[pulumi.Resource]
    """Made before the controller may write here."""


def controller_rules() -> list[rbac.PolicyRuleArgs]:
    """What the controller does in the namespace of an ExternalSecret.

    Source: external-secrets v1.3.2, deploy/charts/external-secrets/templates/rbac.yaml.
    """
    return [
        _rule("", "secrets", "get", "create", "update", "patch", "delete"),
        # With it the controller takes on the AWS role; of no other account.
        _rule("", "serviceaccounts/token", "create", name=TENANT_SERVICE_ACCOUNT),
        _rule(API_GROUP, "externalsecrets/status", "get", "update", "patch"),
        _rule(API_GROUP, "secretstores/status", "get", "update", "patch"),
        _rule("", "events", "create", "patch"),
    ]


class SecretStore(pulumi.ComponentResource):
    """Of one namespace."""

    def __init__(self, name: str, args: SecretStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:SecretStore", name, {}, opts)
        tenant = args.context.tenant.name
        metadata = meta.ObjectMetaArgs(name=ADDON, namespace=args.namespace, labels=tenant_labels(tenant))
        role = rbac.Role(
            f"{name}-{ADDON}",
            metadata=metadata,
            rules=controller_rules(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.rails)),
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
