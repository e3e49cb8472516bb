"""Waits until an object is ready or gone, and reports why it is not.

One row per kind to wait for, as in the released plug-in; every other kind is ready once the API server has
stored it. Watches are used throughout; `Cancellation` ends them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import PlatformError
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.cluster import Cluster, Target
from tooling.plugins.kubernetes.discovery import api_group
from tooling.plugins.kubernetes.failures import subject
from tooling.plugins.kubernetes.waiting import details, networking, objects, storage, workloads
from tooling.plugins.kubernetes.waiting.verdicts import READY, Verdict, message_of, never, status

DEFAULT_TIMEOUT = timedelta(minutes=10)

REFRESH_PATIENCE = timedelta(seconds=5)
"""A refresh can meet a workload whose rollout is about to end. The value is a guess."""

Judge = Callable[[Mapping[str, Any]], Verdict]
Details = Callable[[Cluster, Mapping[str, Any]], list[str]]

JUDGES: dict[tuple[str, str], Judge] = {
    ("", "Namespace"): objects.namespace,
    ("", "PersistentVolume"): storage.persistent_volume,
    ("", "PersistentVolumeClaim"): storage.persistent_volume_claim,
    ("", "Pod"): workloads.pod,
    ("", "ReplicationController"): workloads.replication_controller,
    ("", "ResourceQuota"): objects.resource_quota,
    ("", "Secret"): objects.secret,
    ("", "Service"): networking.service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): objects.custom_resource_definition,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("batch", "Job"): workloads.job,
    ("networking.k8s.io", "Ingress"): networking.ingress,
}

_LOOKED_AT_ON_REFRESH = frozenset(
    {
        ("", "Pod"),
        ("", "Service"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("batch", "Job"),
        ("networking.k8s.io", "Ingress"),
    }
)

_SKIPS_WAIT_ON_DELETE = frozenset(
    {
        ("", "Namespace"),
        ("", "Pod"),
        ("", "ReplicationController"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("batch", "Job"),
    }
)
"""Kinds whose `skipAwait` holds for deletion too; for all others it is about creation only."""


class NotReady(PlatformError):
    """The object exists and is not ready. `live` is its last known state, `reasons` what is known about why."""

    def __init__(self, live: Mapping[str, Any], reasons: list[str], waited: timedelta | None) -> None:
        """Args: waited: the time that was not enough; `None` if more time would not help, or none was given."""
        self.live = live
        self.reasons = reasons
        within = f" within {int(waited.total_seconds())} s" if waited else ""
        super().__init__(
            "kubernetes-not-ready",
            f"{subject(live)} exists, but is not ready{within}: {'; '.join(reasons)}",
            at="",
            hint="fix what is named above and run again: the object is kept, and the next run waits for it again\n"
            f"to wait longer, set `customTimeouts` or annotation {m.TIMEOUT_SECONDS}; not at all, {m.SKIP_AWAIT}",
        )


class NotGone(PlatformError):
    def __init__(self, live: Mapping[str, Any], timeout: timedelta) -> None:
        self.live = live
        self.reasons = leftovers(live)
        super().__init__(
            "kubernetes-not-gone",
            f"{subject(live)} still exists {int(timeout.total_seconds())} s after its deletion was asked for: "
            f"{'; '.join(self.reasons)}",
            at="",
            hint="remove what is named above, or the finalizer of a controller that no longer runs, and run again",
        )


def until_ready(cluster: Cluster, live: Mapping[str, Any], timeout: timedelta | None) -> Mapping[str, Any]:
    """Follows the object until it is ready.

    Returns:
        Its last known state.

    Raises:
        NotReady, Cancelled, ApiError, Unreachable.
    """
    judge, kind = JUDGES.get(_key(live)), cluster.kind_of(live)
    if judge is None or kind is None or m.is_annotated(live, m.SKIP_AWAIT) or _never_waited_for(cluster, live):
        return live
    limit = timeout or DEFAULT_TIMEOUT
    deadline = datetime.now(UTC) + limit
    verdict = networking.endpoints(cluster, live, limit) if _key(live) == ("", "Service") else READY
    if not verdict.ready:
        raise NotReady(live, _reasons(cluster, live, verdict), limit)
    target = cluster.target(kind, live)
    outdated = workloads.outdated_failure(live)
    for current in cluster.follow_one(target, deadline - datetime.now(UTC)):
        if current is None:
            verdict = never("it was deleted meanwhile")
            break
        live, verdict = current, judge(workloads.without_condition(current, outdated))
        if verdict.ready:
            return live
        if verdict.hopeless:
            break
    raise NotReady(live, _reasons(cluster, live, verdict), None if verdict.hopeless else limit)


def until_seen_ready(cluster: Cluster, live: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a refresh waits for: workloads and what stands in front of them, for a moment only.

    Raises:
        NotReady, Cancelled, ApiError, Unreachable.
    """
    return until_ready(cluster, live, REFRESH_PATIENCE) if _key(live) in _LOOKED_AT_ON_REFRESH else live


def until_gone(
    cluster: Cluster, target: Target, uid: str, inputs: Mapping[str, Any], timeout: timedelta | None
) -> None:
    """Follows the object until it is gone, or another one has its name.

    Raises:
        NotGone, Cancelled, ApiError, Unreachable.
    """
    key = (target.kind.group, target.kind.kind)
    if m.is_annotated(inputs, m.SKIP_AWAIT) and key in _SKIPS_WAIT_ON_DELETE:
        return
    limit = timeout or DEFAULT_TIMEOUT
    live: Mapping[str, Any] = {}
    for current in cluster.follow_one(target, limit):
        if current is None or (uid and m.metadata(current).get("uid") != uid):
            return
        live = current
    raise NotGone(live, limit)


def leftovers(live: Mapping[str, Any]) -> list[str]:
    """What holds an object's deletion up: a namespace's own conditions, else finalizers."""
    conditions = [message_of(entry) for entry in status(live).get("conditions") or [] if entry.get("status") == "True"]
    if live.get("kind") == "Namespace" and conditions:
        return conditions
    finalizers = m.metadata(live).get("finalizers") or []
    return [f"finalizer {finalizer} is still set" for finalizer in finalizers] or ["nothing says why"]


def _never_waited_for(cluster: Cluster, live: Mapping[str, Any]) -> bool:
    return _key(live) == ("", "PersistentVolumeClaim") and storage.binds_on_first_use(cluster, live)


def _reasons(cluster: Cluster, live: Mapping[str, Any], verdict: Verdict) -> list[str]:
    known = [*verdict.reasons, *details.warning_events(cluster, live)]
    if _key(live)[0] in ("apps", "batch") or live.get("kind") == "ReplicationController":
        known += details.pod_troubles(cluster, live)
    return list(dict.fromkeys(reason for reason in known if reason)) or ["nothing says why"]


def _key(live: Mapping[str, Any]) -> tuple[str, str]:
    return api_group(str(live.get("apiVersion", ""))), str(live.get("kind", ""))


__all__ = [
    "DEFAULT_TIMEOUT",
    "JUDGES",
    "NotGone",
    "NotReady",
    "leftovers",
    "until_gone",
    "until_ready",
    "until_seen_ready",
]
