"""Workloads that run until they are replaced: a Deployment, with an autoscaler and a disruption budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.autoscaling import v2 as autoscaling
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.policy import v1 as policy

from shared.applications.arguments import conflict
from shared.applications.workload import PodShape, Workload, WorkloadArgs
from shared.kubernetes_labels import BUDGET_LABEL, NAME_LABEL
from shared.program_errors import ProgramInputError
from shared.workloads import one_at_a_time, spread_over_zones_and_nodes

_OLD_REVISIONS = 5
_SURGE = 1
"""With no pod unavailable, a rollout needs room for at least one."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How pods are distributed over zones and nodes."""

    max_skew: int = 1
    """The most by which the numbers of pods in two zones, or on two nodes, may differ."""
    required: bool = False
    """Whether a pod that would exceed `max_skew` waits. By default it does not: a cluster with only one zone left must
    still schedule pods."""


@dataclass(frozen=True, kw_only=True)
class LongRunningArgs(WorkloadArgs):
    replicas: int = 2
    """Minimum number of pods."""
    max_replicas: int = 4
    """Maximum number of pods."""
    cpu_percent: int = 70
    """Target CPU utilization of the autoscaler, in percent of the requested CPU."""
    spread: Spread = field(default_factory=Spread)
    rollout_seconds: int | None = None
    """Time that a rollout may go without progress before the deployment fails. `None`: Kubernetes' default, 600."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.replicas <= self.max_replicas:
            raise ProgramInputError(
                "replicas-out-of-order",
                f"replicas ({self.replicas}) must be at least 1 and at most max_replicas ({self.max_replicas})",
                at=type(self).__name__,
                hint="raise max_replicas or lower replicas",
            )
        if self.for_one_pod and self.max_replicas > 1:
            raise conflict(
                f"max_replicas is {self.max_replicas}, but a volume in volumes can be mounted by one pod only",
                at=f"{type(self).__name__}, max_replicas, volumes",
                hint="set replicas and max_replicas to 1, or use a storage class with access mode ReadWriteMany",
            )

    @property
    def surge(self) -> int:
        """Pods above `max_replicas` during a rollout."""
        return 0 if self.for_one_pod else _SURGE


class LongRunning(Workload):
    """Base of the components with a Deployment."""

    def __init__(
        self,
        kind: str,
        name: str,
        args: LongRunningArgs,
        opts: pulumi.ResourceOptions | None,
        *,
        checks: Sequence[pulumi.Output[Any]] = (),
    ) -> None:
        super().__init__(
            kind,
            name,
            args,
            opts,
            name_label=NAME_LABEL,
            longest_name=63,
            max_replicas=args.max_replicas,
            surge=args.surge,
            checks=checks,
        )
        self._long_running = args
        # The Deployment's selector is immutable, so that the budget has a label of its own.
        self._budget = {BUDGET_LABEL: name}

    def _spread(self) -> list[core.TopologySpreadConstraintArgs]:
        spread = self._long_running.spread
        return spread_over_zones_and_nodes(self._selector, max_skew=spread.max_skew, required=spread.required)

    def _run(self, shape: PodShape) -> None:
        """Creates the Deployment and what looks after it."""
        deployment = apps.Deployment(
            self._name,
            metadata=self._metadata(),
            spec=apps.DeploymentSpecArgs(
                # No `replicas`: the autoscaler sets them, and a value here would reset its decision.
                revision_history_limit=_OLD_REVISIONS,
                progress_deadline_seconds=self._long_running.rollout_seconds,
                strategy=self._strategy(),
                selector=meta.LabelSelectorArgs(match_labels=self._selector),
                template=self._pod_template(shape),
            ),
            opts=self._child,
        )
        self._autoscaler(deployment)
        policy.PodDisruptionBudget(
            self._name,
            metadata=self._metadata(),
            spec=one_at_a_time(self._budget),
            # After the pods have the label: until then they are selected by an older budget with another label.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[deployment])),
        )

    def _strategy(self) -> apps.DeploymentStrategyArgs:
        if self._long_running.for_one_pod:
            return apps.DeploymentStrategyArgs(type="Recreate")
        rolling = apps.RollingUpdateDeploymentArgs(max_surge=_SURGE, max_unavailable=0)
        return apps.DeploymentStrategyArgs(type="RollingUpdate", rolling_update=rolling)

    def _autoscaler(self, deployment: apps.Deployment) -> None:
        args = self._long_running
        target = autoscaling.MetricTargetArgs(type="Utilization", average_utilization=args.cpu_percent)
        autoscaling.HorizontalPodAutoscaler(
            self._name,
            metadata=self._metadata(),
            spec=autoscaling.HorizontalPodAutoscalerSpecArgs(
                scale_target_ref=autoscaling.CrossVersionObjectReferenceArgs(
                    api_version="apps/v1", kind="Deployment", name=deployment.metadata.name
                ),
                min_replicas=args.replicas,
                max_replicas=args.max_replicas,
                metrics=[
                    autoscaling.MetricSpecArgs(
                        type="Resource", resource=autoscaling.ResourceMetricSourceArgs(name="cpu", target=target)
                    )
                ],
            ),
            opts=self._child,
        )
