"""When Deployments, StatefulSets, DaemonSets, Pods and Jobs are ready. Pure functions of the live object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.kubernetes.waiting.details import pod_trouble
from tooling.plugins.kubernetes.waiting.verdicts import (
    READY,
    Verdict,
    condition,
    is_true,
    message_of,
    never,
    not_yet,
    observed,
    spec,
    status,
)

_UNOBSERVED = "its controller has not looked at it yet"
_TIMED_OUT = "ProgressDeadlineExceeded"


def outdated_failure(live: Mapping[str, Any]) -> dict[str, Any]:
    """The failure of the rollout before, if the controller has not seen the newest generation of a Deployment yet.

    The controller keeps that condition while it returns to an earlier ReplicaSet, and it says nothing of that rollout.
    """
    if live.get("kind") != "Deployment" or observed(live):
        return {}
    progressing = condition(live, "Progressing")
    return progressing if progressing.get("reason") == _TIMED_OUT else {}


def without_condition(live: Mapping[str, Any], outdated: Mapping[str, Any]) -> Mapping[str, Any]:
    """`live` without exactly that condition."""
    conditions = status(live).get("conditions") or []
    if not outdated or outdated not in conditions:
        return live
    return {**live, "status": {**status(live), "conditions": [each for each in conditions if each != outdated]}}


def deployment(live: Mapping[str, Any]) -> Verdict:
    """All replicas are of the newest generation and available, and no old one is left."""
    if not observed(live):
        return not_yet(_UNOBSERVED)
    progressing = condition(live, "Progressing")
    if progressing.get("reason") == _TIMED_OUT:
        return never(message_of(progressing), *_replica_failure(live))
    if spec(live).get("paused"):
        return READY
    wanted = spec(live).get("replicas", 1)
    updated, available = _count(live, "updatedReplicas"), _count(live, "availableReplicas")
    if updated < wanted:
        return not_yet(f"{updated} of {wanted} replicas updated", *_replica_failure(live))
    if _count(live, "replicas") > updated:
        return not_yet(f"{_count(live, 'replicas') - updated} old replicas are still there")
    if available < updated:
        return not_yet(f"{available} of {updated} updated replicas available", *_replica_failure(live))
    return READY


def stateful_set(live: Mapping[str, Any]) -> Verdict:
    if not observed(live):
        return not_yet(_UNOBSERVED)
    wanted, ready = spec(live).get("replicas", 1), _count(live, "readyReplicas")
    if ready < wanted:
        return not_yet(f"{ready} of {wanted} replicas ready")
    strategy = spec(live).get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return READY
    expected = max(0, wanted - ((strategy.get("rollingUpdate") or {}).get("partition") or 0))
    updated = _count(live, "updatedReplicas")
    return READY if updated >= expected else not_yet(f"{updated} of {expected} replicas updated")


def daemon_set(live: Mapping[str, Any]) -> Verdict:
    if not observed(live):
        return not_yet(_UNOBSERVED)
    wanted = _count(live, "desiredNumberScheduled")
    on_delete = (spec(live).get("updateStrategy") or {}).get("type") == "OnDelete"
    updated = wanted if on_delete else _count(live, "updatedNumberScheduled")
    if updated < wanted:
        return not_yet(f"{updated} of {wanted} pods updated")
    ready = _count(live, "numberAvailable")
    return READY if ready >= wanted else not_yet(f"{ready} of {wanted} pods available")


def replication_controller(live: Mapping[str, Any]) -> Verdict:
    wanted, available = spec(live).get("replicas", 1), _count(live, "availableReplicas")
    return READY if available >= wanted else not_yet(f"{available} of {wanted} replicas available")


def pod(live: Mapping[str, Any]) -> Verdict:
    phase = status(live).get("phase")
    if phase == "Succeeded" or is_true(live, "Ready"):
        return READY
    if phase == "Failed":
        return never(pod_trouble(live) or "the pod failed")
    return not_yet(pod_trouble(live) or f"the pod is {phase or 'not scheduled yet'}")


def job(live: Mapping[str, Any]) -> Verdict:
    if is_true(live, "Complete") or spec(live).get("suspend"):
        return READY
    if is_true(live, "Failed"):
        return never(message_of(condition(live, "Failed")))
    wanted = spec(live).get("completions") or 1
    return not_yet(f"{_count(live, 'succeeded')} of {wanted} pods succeeded, {_count(live, 'failed')} failed")


def _count(live: Mapping[str, Any], member: str) -> int:
    return status(live).get(member) or 0


def _replica_failure(live: Mapping[str, Any]) -> tuple[str, ...]:
    return (message_of(condition(live, "ReplicaFailure")),) if is_true(live, "ReplicaFailure") else ()
