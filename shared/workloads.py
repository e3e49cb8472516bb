"""Hardening of pods: the requirements of Pod Security's `restricted` profile, and a read-only root file system.

Used for workloads of the platform and of applications.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.policy import v1 as policy

UNPRIVILEGED_USER = 65532
"""User `nonroot` of the distroless images; any non-zero UID works."""


def pod_security_context() -> core.PodSecurityContextArgs:
    """Source: Kubernetes, "Pod Security Standards", profile `restricted`."""
    return core.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=UNPRIVILEGED_USER,
        run_as_group=UNPRIVILEGED_USER,
        fs_group=UNPRIVILEGED_USER,
        seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security_context() -> core.SecurityContextArgs:
    """Source: as above; the read-only file system is an addition."""
    return core.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=core.CapabilitiesArgs(drop=["ALL"]),
    )


def http_probe(
    path: str, port: int, *, period_seconds: int = 10, failures: int = 3, timeout_seconds: int = 3
) -> core.ProbeArgs:
    """Without `host`: `restricted` forbids it since 1.34, as it could direct the kubelet to any address."""
    return core.ProbeArgs(
        http_get=core.HTTPGetActionArgs(path=path, port=port),
        period_seconds=period_seconds,
        failure_threshold=failures,
        timeout_seconds=timeout_seconds,
    )


def spread_over_zones_and_nodes(
    labels: Mapping[str, str], *, max_skew: int = 1, required: bool = False
) -> list[core.TopologySpreadConstraintArgs]:
    """By default preferred, not required: a cluster with only one zone left must still schedule pods."""
    return [
        core.TopologySpreadConstraintArgs(
            max_skew=max_skew,
            topology_key=key,
            when_unsatisfiable="DoNotSchedule" if required else "ScheduleAnyway",
            label_selector=meta.LabelSelectorArgs(match_labels=dict(labels)),
            # Counts only pods of the new revision; otherwise a rollout would balance against pods it is removing.
            match_label_keys=["pod-template-hash"],
        )
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def resources(requests: Mapping[str, str], limits: Mapping[str, str]) -> core.ResourceRequirementsArgs:
    return core.ResourceRequirementsArgs(requests=dict(requests), limits=dict(limits))


EVICTION_OF_UNHEALTHY_PODS = "AlwaysAllow"
"""With Kubernetes' default a pod that runs but never becomes ready cannot be evicted, so that one broken application
blocks every drain of its node. Source: Kubernetes, "Specifying a Disruption Budget for your
Application", unhealthy pod eviction policy."""


def one_at_a_time(pods: Mapping[str, str]) -> policy.PodDisruptionBudgetSpecArgs:
    """A budget for the pods with these labels that always lets a node be drained, at any number of replicas."""
    return policy.PodDisruptionBudgetSpecArgs(
        max_unavailable=1,
        unhealthy_pod_eviction_policy=EVICTION_OF_UNHEALTHY_PODS,
        selector=meta.LabelSelectorArgs(match_labels=dict(pods)),
    )
