"""Log groups in CloudWatch Logs: every one that anything of the platform writes to, who makes it, and its name.

A group that AWS or an agent makes on its first line has no retention and no key, and outlives the cluster. So a stack
makes each one first, or what would write to it is switched off, with the reason. No Pulumi here.

The add-on that sends pods' logs names the group of a namespace by a template, and the tenant's stack makes that group:
both call `tenant_log_group`, so that they cannot come apart.
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
    """What pods of one namespace of a tenant print.

    Args:
        namespace: its name, or what stands for it in a template of Fluent Bit. It ends the name, since a template takes
            nothing but a dot or a comma after a variable.

    Source: Fluent Bit manual, "Amazon CloudWatch", `log_group_template`.
    """
    return f"{pod_log_groups(cluster_name)}/tenants/{namespace}"


def platform_log_group(cluster_name: str) -> str:
    """What pods of all other namespaces print."""
    return f"{pod_log_groups(cluster_name)}/platform"


def fargate_log_group(cluster_name: str) -> str:
    """What pods on Fargate print, where no agent of ours runs."""
    return f"{pod_log_groups(cluster_name)}/fargate"


def pod_log_groups(cluster_name: str) -> str:
    """What the names of all of them begin with; a slash follows."""
    return f"/eks/{cluster_name}"


CONTAINER_INSIGHTS_LOGS = ("application", "dataplane", "host", "performance")
"""The groups of Container Insights. The agent writes to `performance`; the Fluent Bit that the add-on brings writes to
the others, and is switched off.

Source: CloudWatch user guide, "Container Insights performance log reference" and "Set up Fluent Bit as a DaemonSet to
send logs to CloudWatch Logs"."""


def container_insights_log_group(cluster_name: str, log: str) -> str:
    return f"{container_insights_log_groups(cluster_name)}/{log}"


def container_insights_log_groups(cluster_name: str) -> str:
    """What the names of all of them begin with; a slash follows."""
    return f"/aws/containerinsights/{cluster_name}"


@dataclass(frozen=True, kw_only=True)
class LogGroup:
    """One group, or one for each namespace."""

    pattern: str
    """The name, with `{cluster}`, `{vpc}` and `{namespace}` in the place of what it varies by."""
    writer: str
    """What writes to it."""
    made_by: str = ""
    """Module that makes it, with retention and key; empty: nothing writes to it."""
    switched_off: str = ""
    """What keeps anything from writing to it, where nobody makes it."""
    made_by_aws_if_missing: bool = False
    """Whether AWS, or an agent of AWS's, makes the group if it is not there: also after a stack has removed it."""
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
        writer="the flow log of the VPC, by a role that may make no group",
        made_by="infrastructure/flow_logs.py",
    ),
    LogGroup(
        pattern=platform_log_group("{cluster}"),
        writer="Fluent Bit, for pods of the platform",
        made_by="platform-addons/addons/fluent_bit.py",
    ),
    LogGroup(
        pattern=tenant_log_group("{cluster}", "{namespace}"),
        writer="Fluent Bit, for pods of a tenant",
        made_by="tenants/pod_logs.py",
    ),
    LogGroup(
        pattern=fargate_log_group("{cluster}"),
        writer="the log router of Fargate, by a role that may make no group",
        made_by="platform-addons/addons/fargate_logging.py",
    ),
    LogGroup(
        pattern="{cluster}-fluent-bit-logs",
        writer="the log router of Fargate, about itself",
        switched_off="`flb_log_cw` is false in its configuration",
    ),
    *(
        LogGroup(
            pattern=container_insights_log_group("{cluster}", log),
            writer="the agents of Container Insights",
            made_by="platform-addons/addons/container_insights.py",
            made_by_aws_if_missing=True,
            addon="amazon-cloudwatch-observability",
        )
        for log in CONTAINER_INSIGHTS_LOGS
    ),
    LogGroup(
        pattern="/aws/application-signals/data",
        writer="Application Signals",
        switched_off="the add-on's agent is configured without it; the group is the whole account's",
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
"""EKS add-ons that write to no group themselves: where their logs go instead."""


def log_groups_that_aws_makes(cluster_name: str) -> list[str]:
    """Exact names of the groups that may exist although no stack made them; such a group has no tag to find it by."""
    return [row.pattern.format(cluster=cluster_name) for row in LOG_GROUPS if row.made_by_aws_if_missing]
