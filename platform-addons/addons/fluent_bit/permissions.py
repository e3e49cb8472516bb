"""What Fluent Bit may do, in AWS and in the cluster: documents and rules, nothing registered."""

from __future__ import annotations

from pulumi_kubernetes.rbac import v1 as rbac

from shared.iam import Statement, policy_document
from shared.log_groups import pod_log_groups
from shared.rbac import rule

NAME = "fluent-bit"
NAMESPACE = "logging"


def log_policy(*, partition: str, region: str, account_id: str, cluster_name: str) -> str:
    """Writes to the groups of this cluster's pods; makes none, and reads nothing of what is in them.

    Source: fluent/fluent-bit, plugins/out_cloudwatch_logs/cloudwatch_api.h, for what it calls; Service
    Authorization Reference, "Amazon CloudWatch Logs".
    """
    groups = f"arn:{partition}:logs:{region}:{account_id}:log-group:{pod_log_groups(cluster_name)}/*"
    return policy_document(
        Statement(
            sid="WritePodLogs",
            # Streams belong to their group: the last asterisk covers them.
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[groups],
        )
    )


def cluster_rules() -> list[rbac.PolicyRuleArgs]:
    """Source: Fluent Bit manual, "Kubernetes", installation with YAML manifests."""
    return [rule("", ("namespaces", "pods"))]
