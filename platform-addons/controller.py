"""A controller with one replica: Deployment and PodDisruptionBudget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.policy import v1 as policy

from shared.workloads import one_at_a_time, pod_security_context


def single_controller(
    name: str,
    metadata: meta.ObjectMetaArgs,
    container: core.ContainerArgs,
    *,
    selector: Mapping[str, str],
    labels: Mapping[str, str],
    account: core.ServiceAccount,
    priority: str,
    before: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> apps.Deployment:
    """Both under one name.

    Args:
        metadata: of both.
        selector: the subset of the pod's `labels` that selects it.
        before: resources that must exist before the pod starts.
    """
    match = meta.LabelSelectorArgs(match_labels=dict(selector))
    policy.PodDisruptionBudget(
        name,
        metadata=metadata,
        # One replica: a budget that protected it would block every drain.
        spec=one_at_a_time(selector),
        opts=opts,
    )
    return apps.Deployment(
        name,
        metadata=metadata,
        spec=apps.DeploymentSpecArgs(
            replicas=1,
            # Two pods at once would duplicate work or wait for each other's lease.
            strategy=apps.DeploymentStrategyArgs(type="Recreate"),
            selector=match,
            template=core.PodTemplateSpecArgs(
                metadata=meta.ObjectMetaArgs(labels=dict(labels)),
                spec=core.PodSpecArgs(
                    service_account_name=account.metadata.name,
                    automount_service_account_token=True,
                    priority_class_name=priority,
                    security_context=pod_security_context(),
                    containers=[container],
                ),
            ),
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(before))),
    )
