"""Why a workload is not healthy, in the words of its pods: pure functions of what the API server says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tooling.plugins.kubernetes.failures import shortened

Object = Mapping[str, Any]

_LONGEST = 300
_IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_CONFIGURATION = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_STARTING = ("ContainerCreating", "PodInitializing")
_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason, with the number of objects that it holds for."""

    what: str
    """`image not found`, `crashed`, `refused by quota`, `refused by policy`, `probe failing`, `not scheduled`,
    `configuration` or `not ready`."""
    said: str
    """The cluster's own message."""
    at: str
    """The first object that it was found at: `pod demo-…`."""
    count: int = 1

    def __str__(self) -> str:
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        return f"{self.what}: {self.said} ({self.at}{more})"


def reasons_of(
    live: Object, *, replica_sets: Sequence[Object], pods: Sequence[Object], events: Sequence[Object]
) -> list[Reason]:
    """Each reason once, those of the newest ReplicaSet only: older pods are what the release replaces.

    Args:
        live: the workload.
        events: warnings of its namespace.
    """
    newest = _newest(replica_sets)
    if newest is not None:
        own = (newest["metadata"].get("labels") or {}).get(_HASH)
        pods = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(_HASH) == own]
    found = [_refusal(one) for one in ([live, newest] if newest is not None else [live])]
    if not any(found):
        found += [
            _refusal_in_event(event) for event in events if _is_about(event, [live, *([newest] if newest else [])])
        ]
    found += [_of_pod(pod, events) for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    return _grouped([reason for reason in found if reason is not None])


def _newest(replica_sets: Sequence[Object]) -> Object | None:
    def revision(one: Object) -> int:
        return int((one["metadata"].get("annotations") or {}).get(_REVISION, 0))

    return max(replica_sets, key=revision, default=None)


def _refusal(one: Object) -> Reason | None:
    """Pods that the API server refuses to create."""
    for condition in (one.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return _refused(str(condition.get("message", "")), _name(one))
    return None


def _refusal_in_event(event: Object) -> Reason | None:
    return _refused(str(event.get("message", "")), _involved(event)) if event.get("reason") == "FailedCreate" else None


def _refused(message: str, at: str) -> Reason:
    by = "quota" if "exceeded quota" in message or "failed quota" in message else "policy"
    return Reason(what=f"refused by {by}", said=_short(message), at=at)


def _of_pod(pod: Object, events: Sequence[Object]) -> Reason | None:
    status, at = pod.get("status") or {}, _name(pod)
    conditions = {entry["type"]: entry for entry in status.get("conditions") or []}
    if (conditions.get("Ready") or {}).get("status") == "True" or status.get("phase") == "Succeeded":
        return None
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        reason = _of_container(container, at)
        if reason is not None:
            return reason
    scheduled = conditions.get("PodScheduled") or {}
    if scheduled.get("status") == "False":
        return Reason(what="not scheduled", said=_short(str(scheduled.get("message", ""))), at=at)
    probes = [event for event in events if event.get("reason") == "Unhealthy" and _is_about(event, [pod])]
    if probes:
        return Reason(what="probe failing", said=_short(str(probes[-1].get("message", ""))), at=at)
    ready = conditions.get("Ready") or {}
    said = ": ".join(str(ready[key]) for key in ("reason", "message") if ready.get(key))
    return Reason(what="not ready", said=_short(said or f"the pod is {status.get('phase', 'Pending')}"), at=at)


def _of_container(container: Object, at: str) -> Reason | None:
    state, last = container.get("state") or {}, container.get("lastState") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or last.get("terminated") or {}
    why = str(waiting.get("reason", ""))
    if why in _IMAGE:
        return Reason(what="image not found", said=_short(waiting.get("message") or why), at=at)
    if why in _CONFIGURATION:
        return Reason(what="configuration", said=_short(waiting.get("message") or why), at=at)
    if why == "CrashLoopBackOff" or (ended and ended.get("exitCode") != 0 and not container.get("ready")):
        said = f"container {container.get('name')} exited with {ended.get('exitCode', 'an unknown code')}"
        detail = ended.get("message") or ("" if ended.get("reason") in (None, "Error") else ended["reason"])
        return Reason(what="crashed", said=_short(f"{said}: {detail}" if detail else said), at=at)
    if why and why not in _STARTING:
        return Reason(what="not ready", said=_short(waiting.get("message") or why), at=at)
    return None


def _is_about(event: Object, objects: Sequence[Object]) -> bool:
    return (event.get("involvedObject") or {}).get("uid") in {one["metadata"].get("uid") for one in objects}


def _involved(event: Object) -> str:
    one = event.get("involvedObject") or {}
    return f"{str(one.get('kind', '')).lower()} {one.get('name', '')}"


def _name(one: Object) -> str:
    kind = one.get("kind") or ("pod" if "containers" in (one.get("spec") or {}) else "replicaset")
    return f"{kind.lower()} {one['metadata'].get('name', '')}"


def _short(message: object) -> str:
    return shortened(" ".join(str(message).split()), _LONGEST)


def _grouped(reasons: Sequence[Reason]) -> list[Reason]:
    """Reasons of one kind together: ten pods without their image are one reason."""
    groups: dict[str, list[Reason]] = {}
    for reason in reasons:
        groups.setdefault(reason.what, []).append(reason)
    return [
        Reason(what=what, said=found[0].said, at=found[0].at, count=len({one.at for one in found}))
        for what, found in groups.items()
    ]
