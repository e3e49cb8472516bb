"""The ServiceAccount with the tenant's IAM role, one in each of its namespaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from stack_context import StackContext

from shared.kubernetes_labels import ROLE_ARN_ANNOTATION, TENANT_SERVICE_ACCOUNT, tenant_labels


@dataclass(frozen=True, kw_only=True)
class TenantServiceAccountArgs:
    context: StackContext
    namespace: core.Namespace
    """The account is deleted together with it, so that pods keep their IAM role until they terminate."""
    role_arn: pulumi.Output[str]
    guardrails: Sequence[pulumi.Resource]
    """Created before the account, so that no pod gets the role while a guardrail is missing."""


class TenantServiceAccount(pulumi.ComponentResource):
    name: pulumi.Output[str]

    def __init__(self, name: str, args: TenantServiceAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:TenantServiceAccount", name, {}, opts)
        account = core.ServiceAccount(
            f"{name}-service-account",
            metadata=meta.ObjectMetaArgs(
                name=TENANT_SERVICE_ACCOUNT,
                namespace=args.namespace.metadata.name,
                labels=tenant_labels(args.context.tenant.name),
                annotations={ROLE_ARN_ANNOTATION: args.role_arn},
            ),
            # The IAM role uses a separate projected token; a Kubernetes API token is opt-in.
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.guardrails), deleted_with=args.namespace),
        )
        self.name = account.metadata.name
        self.register_outputs({"name": self.name})
