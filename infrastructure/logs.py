"""The platform's own log groups: control plane logs, and VPC flow logs if enabled."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from control_plane_logs import ControlPlaneLogs, ControlPlaneLogsArgs, control_plane_group
from flow_logs import FlowLogs, FlowLogsArgs, flow_log_group
from log_settings import LogSettings
from network import Network
from stack_context import StackContext

from shared.log_groups import container_insights_log_groups, pod_log_groups


@dataclass(frozen=True, kw_only=True)
class LogsArgs:
    context: StackContext
    settings: LogSettings
    network: Network
    key_arn: pulumi.Input[str]
    """KMS key of the groups; the key policy must allow them."""


def log_groups(context: StackContext, settings: LogSettings, network: Network) -> list[pulumi.Input[str]]:
    """Names of the groups encrypted with the key: those that `Logs` creates, and those of later tiers."""
    flow_logs = [network.vpc_id.apply(flow_log_group)] if settings.flow_logs else []
    later = [f"{prefix(context.cluster_name)}/*" for prefix in (pod_log_groups, container_insights_log_groups)]
    return [control_plane_group(context.cluster_name), *flow_logs, *later]


class Logs(pulumi.ComponentResource):
    control_plane: ControlPlaneLogs

    def __init__(self, name: str, args: LogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:Logs", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.control_plane = ControlPlaneLogs(
            "control-plane",
            ControlPlaneLogsArgs(context=args.context, settings=args.settings, key_arn=args.key_arn),
            child,
        )
        if args.settings.flow_logs:
            flow_logs = FlowLogsArgs(
                context=args.context, settings=args.settings, vpc_id=args.network.vpc_id, key_arn=args.key_arn
            )
            FlowLogs("flow-logs", flow_logs, child)
        self.register_outputs({})
