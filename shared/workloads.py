"""How a pod of ours is hardened: what Pod Security's `restricted` asks for, and a read-only root file system besides.

For workloads of the platform and of applications alike. What runs in the pod is its caller's business.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.policy import v1 as policy

UNPRIVILEGED_USER = 65532
"""`nonroot` of the distroless images; any user above 0 would do."""


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
    """Source: as above; the file system is our addition."""
    return core.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=core.CapabilitiesArgs(drop=["ALL"]),
    )


def http_probe(path: str, port: int, *, period_seconds: int = 10, failures: int = 3) -> core.ProbeArgs:
    """Without `host`: `restricted` refuses one since 1.34, as it would send the kubelet anywhere."""
    return core.ProbeArgs(
        http_get=core.HTTPGetActionArgs(path=path, port=port),
        period_seconds=period_seconds,
        failure_threshold=failures,
        timeout_seconds=3,
    )


def spread_over_zones_and_nodes(labels: Mapping[str, str]) -> list[core.TopologySpreadConstraintArgs]:
    """Prefers, and does not demand: a cluster with one zone left must still run what it can."""
    return [
        core.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=meta.LabelSelectorArgs(match_labels=dict(labels)),
            # Counts pods of the new revision only, else a rollout would balance against what it removes.
            match_label_keys=["pod-template-hash"],
        )
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def resources(requests: Mapping[str, str], limits: Mapping[str, str]) -> core.ResourceRequirementsArgs:
    return core.ResourceRequirementsArgs(requests=dict(requests), limits=dict(limits))


EVICTION_OF_UNHEALTHY_PODS = "AlwaysAllow"
"""Under Kubernetes' own default a pod that runs but never becomes ready counts as disrupted and cannot be evicted, so
that one broken application stops every drain of its node. Source: Kubernetes, "Specifying a Disruption Budget for your
Application", unhealthy pod eviction policy."""


def one_at_a_time(pods: Mapping[str, str]) -> policy.PodDisruptionBudgetSpecArgs:
    """A budget of the pods with these labels under which a node can always be drained, at any number of replicas."""
    return policy.PodDisruptionBudgetSpecArgs(
        max_unavailable=1,
        unhealthy_pod_eviction_policy=EVICTION_OF_UNHEALTHY_PODS,
        selector=meta.LabelSelectorArgs(match_labels=dict(pods)),
    )
