"""A log group with retention for each of the tenant's namespaces.

Tier 2's add-on fluent-bit writes to them and creates no groups itself, so that none is without retention. If the add-on
is off, they stay empty and cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from stack_context import StackContext

from shared.contracts import Infrastructure
from shared.log_groups import tenant_log_group


@dataclass(frozen=True, kw_only=True)
class PodLogsArgs:
    context: StackContext
    infrastructure: Infrastructure


class PodLogs(pulumi.ComponentResource):
    def __init__(self, name: str, args: PodLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:PodLogs", name, {}, opts)
        tenant = args.context.tenant
        for namespace in tenant.namespaces:
            aws.cloudwatch.LogGroup(
                f"{namespace}-pods",
                name=args.infrastructure.cluster_name.apply(
                    lambda cluster_name, namespace=namespace: tenant_log_group(cluster_name, namespace)
                ),
                retention_in_days=tenant.log_retention_days,
                kms_key_id=args.infrastructure.secrets_key_arn,
                tags=args.context.tags(args.context.named("pod-logs")),
                opts=pulumi.ResourceOptions(parent=self, protect=args.context.locked),
            )
        self.register_outputs({})
