"""Sends logs of pods on Fargate to CloudWatch Logs, with the log router that Fargate runs.

It needs a ConfigMap and namespace with fixed names, and write permission in the pod execution role: tier 1's setting
`fargate_pod_logs`.

Source: EKS user guide, "Start AWS Fargate logging for your cluster".
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from addon import Addon, AddonArgs, AddonComponent
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pydantic import Field

from addons.fluent_bit.files import fargate_files
from shared.kubernetes_labels import MANAGED_BY_LABEL, PLATFORM
from shared.log_groups import RetentionDays, fargate_log_group
from shared.settings import Settings

NAME = "fargate-logging"
NAMESPACE = "aws-observability"
_CONFIG = "aws-logging"


class FargateLoggingSettings(Settings):
    fargate_logging_retention_days: RetentionDays = Field(
        default=30,
        description="Retention of Fargate pod logs in days; a value that CloudWatch Logs allows.",
    )


class FargateLogging(AddonComponent):
    def __init__(self, name: str, args: AddonArgs[FargateLoggingSettings], opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, args, opts)
        above, region = args.infrastructure, args.context.region
        group = aws.cloudwatch.LogGroup(
            "fargate-pods",
            name=above.cluster_name.apply(fargate_log_group),
            retention_in_days=args.settings.fargate_logging_retention_days,
            kms_key_id=above.secrets_key_arn,
            tags={"Name": args.context.named("fargate-pods")},
            opts=self.child,
        )
        namespace = core.Namespace(
            NAMESPACE,
            metadata=meta.ObjectMetaArgs(
                name=NAMESPACE,
                labels={
                    "aws-observability": "enabled",
                    MANAGED_BY_LABEL: PLATFORM,
                    # No pods run in this namespace.
                    "pod-security.kubernetes.io/enforce": "restricted",
                },
            ),
            opts=self.child,
        )
        core.ConfigMap(
            _CONFIG,
            metadata=meta.ObjectMetaArgs(
                name=_CONFIG, namespace=namespace.metadata.name, labels={MANAGED_BY_LABEL: PLATFORM}
            ),
            data=above.cluster_name.apply(lambda cluster_name: fargate_files(cluster_name=cluster_name, region=region)),
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(depends_on=[group])),
        )
        self.register_outputs({})


ADDON = Addon(
    name=NAME,
    summary="sends logs of pods on Fargate to CloudWatch Logs",
    component=FargateLogging,
    settings=FargateLoggingSettings,
    namespace=NAMESPACE,
    enabled=False,
)
