"""The status of a pod, from the states of its containers. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

State = dict[str, Any]
Verdict = tuple[bool, str, str]
"""Of a condition: whether it holds, reason and message."""

HOLDS: Verdict = (True, "", "")


@dataclass(kw_only=True)
class ContainerState:
    """What a pod's status says of one container."""

    name: str
    image: str
    image_id: str = ""
    container_id: str = ""
    state: State = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: State = field(default_factory=dict)
    ready: bool = False
    started: bool = False
    restarts: int = 0

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """Of a container that has ended and is not restarted."""
        return self.state["terminated"]["exitCode"] if "terminated" in self.state else None

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            **({"containerID": self.container_id} if self.container_id else {}),
            "state": self.state,
            "lastState": self.last_state,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
        }


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(reason: str, message: str = "") -> State:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def terminated(exit_code: int, *, started: str, container_id: str) -> State:
    reason = "Completed" if exit_code == 0 else "Error"
    ended = {"exitCode": exit_code, "reason": reason, "startedAt": started, "finishedAt": now()}
    return {"terminated": {**ended, "containerID": container_id}}


def phase(containers: Sequence[ContainerState]) -> str:
    """Of a pod whose containers have begun. Source: Kubernetes, "Pod Lifecycle", Pod phase."""
    codes = [each.exit_code for each in containers]
    if all(code is not None for code in codes):
        return "Failed" if any(codes) else "Succeeded"
    begun = any(each.is_running or each.restarts or each.exit_code is not None for each in containers)
    return "Running" if begun else "Pending"


def pod_status(
    pod: Mapping[str, Any],
    *,
    containers: Sequence[ContainerState],
    init_containers: Sequence[ContainerState],
    initialized: bool,
    pod_ip: str,
    before: Mapping[str, Any],
) -> dict[str, Any]:
    """`before`: the last status, whose times of transition are kept where nothing has changed."""
    now_in = phase(containers)
    unready = [each.name for each in containers if not each.ready]
    pending = [each.name for each in init_containers if each.exit_code is None and not each.ready]
    done = now_in in ("Succeeded", "Failed")
    begun: Verdict = HOLDS if initialized else (False, "ContainersNotInitialized", _message("incomplete", pending))
    ready: Verdict = HOLDS
    if done:
        ready = (False, "PodCompleted", "")
    elif unready:
        ready = (False, "ContainersNotReady", _message("unready", unready))
    verdicts: dict[str, Verdict] = {
        "PodReadyToStartContainers": (not done, "", ""),
        "Initialized": begun,
        "ContainersReady": ready,
        "Ready": ready,
    }
    # Nothing on the lane evaluates readiness gates; kwok passes them too.
    for gate in pod["spec"].get("readinessGates") or ():
        verdicts[gate["conditionType"]] = HOLDS
    former = {each["type"]: each for each in before.get("conditions") or ()}
    return {
        "phase": now_in,
        "conditions": [_condition(kind, *verdict, former.get(kind) or {}) for kind, verdict in verdicts.items()],
        "podIP": pod_ip,
        "podIPs": [{"ip": pod_ip}],
        "startTime": before.get("startTime") or now(),
        "containerStatuses": [each.document() for each in containers],
        "initContainerStatuses": [each.document() for each in init_containers],
    }


def _condition(kind: str, holds: bool, reason: str, message: str, former: Mapping[str, Any]) -> dict[str, Any]:
    status = "True" if holds else "False"
    since = former.get("lastTransitionTime") if former.get("status") == status else None
    # None removes what a former status said.
    return {
        "type": kind,
        "status": status,
        "reason": reason or None,
        "message": message or None,
        "lastTransitionTime": since or now(),
    }


def _message(which: str, names: Sequence[str]) -> str:
    return f"containers with {which} status: [{' '.join(names)}]"
