"""The log group of the control plane, created before the cluster.

EKS would otherwise create it, without retention. That group would outlive the cluster, and a later stack could not
create a group with the same name.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from log_settings import LogSettings
from stack_context import StackContext

# All log types. Source: EKS user guide, "Send control plane logs to CloudWatch Logs".
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, kw_only=True)
class ControlPlaneLogsArgs:
    context: StackContext
    settings: LogSettings
    key_arn: pulumi.Input[str]
    """KMS key of the group; the key policy must allow the group."""


def control_plane_group(cluster_name: str) -> str:
    """The name that EKS writes to. Source: EKS user guide, "View control plane logs"."""
    return f"/aws/eks/{cluster_name}/cluster"


class ControlPlaneLogs(pulumi.ComponentResource):
    def __init__(self, name: str, args: ControlPlaneLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:ControlPlaneLogs", name, {}, opts)
        self.group = aws.cloudwatch.LogGroup(
            "control-plane",
            name=control_plane_group(args.context.cluster_name),
            retention_in_days=args.settings.log_retention_days,
            kms_key_id=args.key_arn,
            tags={"Name": args.context.named("eks-control-plane")},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
