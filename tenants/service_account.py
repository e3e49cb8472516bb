"""The ServiceAccount that bears the tenant's AWS role, one in each of its namespaces."""

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
    """The account is deleted with it: its pods keep their AWS role until they end."""
    role_arn: pulumi.Output[str]
    rails: Sequence[pulumi.Resource]
    """Made before the account, so that no pod bears the role while a rail is missing."""


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
            # The AWS role comes by a projected token of its own; one for the Kubernetes API is for those who ask.
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.rails), deleted_with=args.namespace),
        )
        self.name = account.metadata.name
        self.register_outputs({"name": self.name})
