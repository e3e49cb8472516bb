"""Log groups in CloudWatch Logs that tiers agree on, and how long one may keep what it holds. No Pulumi here.

The add-on that sends pods' logs names the group of a namespace by a template, and the tenant's stack makes that group:
both call `tenant_log_group`, so that they cannot come apart.
"""

from __future__ import annotations

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
