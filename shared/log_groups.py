"""Log groups in CloudWatch Logs: every group that the platform writes to, its name and what creates it.

A group that AWS or an agent creates on first use has no retention and no KMS key, and outlives the cluster. So a stack
creates each group beforehand, or its writer is switched off, with the reason. Does not import Pulumi.

The add-on that sends pod logs derives a namespace's group from a template, and the tenant's stack creates that group:
both call `tenant_log_group`, so that the names cannot diverge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator

from shared.models import no_truth_value

RetentionDays = Annotated[
    Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
    BeforeValidator(no_truth_value),
]
"""Source: CloudWatch Logs API reference, PutRetentionPolicy."""


def tenant_log_group(cluster_name: str, namespace: str) -> str:
    """Log group of the pods in one tenant namespace.

    Args:
        namespace: its name, or its variable in a Fluent Bit template. It comes last, since a template variable can only
            be followed by a dot or a comma.

    Source: Fluent Bit manual, "Amazon CloudWatch", `log_group_template`.
    """
    return f"{pod_log_groups(cluster_name)}/tenants/{namespace}"


def platform_log_group(cluster_name: str) -> str:
    """Log group of the pods in all other namespaces."""
    return f"{pod_log_groups(cluster_name)}/platform"


def fargate_log_group(cluster_name: str) -> str:
    """Log group of pods on Fargate, where the platform's agent does not run."""
    return f"{pod_log_groups(cluster_name)}/fargate"


def pod_log_groups(cluster_name: str) -> str:
    """Common name prefix of the groups above; a slash follows."""
    return f"/eks/{cluster_name}"


CONTAINER_INSIGHTS_LOGS = ("application", "dataplane", "host", "performance")
"""Log groups of Container Insights. The agent writes to `performance`; the add-on's own Fluent Bit, which is switched
off, would write to the others.

Source: CloudWatch user guide, "Container Insights performance log reference" and "Set up Fluent Bit as a DaemonSet to
send logs to CloudWatch Logs"."""


def container_insights_log_group(cluster_name: str, log: str) -> str:
    return f"{container_insights_log_groups(cluster_name)}/{log}"


def container_insights_log_groups(cluster_name: str) -> str:
    """Common name prefix of these groups; a slash follows."""
    return f"/aws/containerinsights/{cluster_name}"


@dataclass(frozen=True, kw_only=True)
class LogGroup:
    """One log group, or one per namespace."""

    pattern: str
    """The name, with the placeholders `{cluster}`, `{vpc}` and `{namespace}`."""
    writer: str
    """What writes to it."""
    made_by: str = ""
    """Module that creates it, with retention and KMS key; empty: nothing writes to it."""
    switched_off: str = ""
    """Why nothing writes to it, if no module creates it."""
    made_by_aws_if_missing: bool = False
    """Whether AWS or an AWS agent creates the group if it is missing, even after a stack has deleted it."""
    addon: str = ""
    """The EKS add-on that writes to it."""


LOG_GROUPS = (
    LogGroup(
        pattern="/aws/eks/{cluster}/cluster",
        writer="the EKS control plane",
        made_by="infrastructure/control_plane_logs.py",
        made_by_aws_if_missing=True,
    ),
    LogGroup(
        pattern="/aws/vpc/flowlogs/{vpc}",
        writer="the VPC flow log, with a role that cannot create log groups",
        made_by="infrastructure/flow_logs.py",
    ),
    LogGroup(
        pattern=platform_log_group("{cluster}"),
        writer="Fluent Bit, for platform pods",
        made_by="platform-addons/addons/fluent_bit/component.py",
    ),
    LogGroup(
        pattern=tenant_log_group("{cluster}", "{namespace}"),
        writer="Fluent Bit, for tenant pods",
        made_by="tenants/pod_logs.py",
    ),
    LogGroup(
        pattern=fargate_log_group("{cluster}"),
        writer="the Fargate log router, with a role that cannot create log groups",
        made_by="platform-addons/addons/fargate_logging.py",
    ),
    LogGroup(
        pattern="{cluster}-fluent-bit-logs",
        writer="the Fargate log router, for its own logs",
        switched_off="`flb_log_cw` is false in its configuration",
    ),
    *(
        LogGroup(
            pattern=container_insights_log_group("{cluster}", log),
            writer="the Container Insights agents",
            made_by="platform-addons/addons/container_insights.py",
            made_by_aws_if_missing=True,
            addon="amazon-cloudwatch-observability",
        )
        for log in CONTAINER_INSIGHTS_LOGS
    ),
    LogGroup(
        pattern="/aws/application-signals/data",
        writer="Application Signals",
        switched_off="the add-on's agent is configured without it; the account shares one group",
        addon="amazon-cloudwatch-observability",
    ),
)

ADDONS_WITHOUT_LOG_GROUPS = {
    "aws-ebs-csi-driver": "standard output, as for any pod",
    "coredns": "standard output, as for any pod",
    "eks-pod-identity-agent": "standard output, as for any pod",
    "kube-proxy": "standard output, as for any pod",
    "metrics-server": "standard output, as for any pod",
    "vpc-cni": "files on the node; its network policy agent can send them to CloudWatch Logs, which is off",
}
"""EKS add-ons that do not write to a log group themselves, and where their logs go instead."""


def log_groups_that_aws_makes(cluster_name: str) -> list[str]:
    """Exact names of groups that can exist although no stack created them; such groups have no tags to find them by."""
    return [row.pattern.format(cluster=cluster_name) for row in LOG_GROUPS if row.made_by_aws_if_missing]
