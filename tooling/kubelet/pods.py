"""One pod: its containers, its status in the API, and its end."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tooling.kubelet.api import Api
from tooling.kubelet.containers import Container
from tooling.kubelet.environment import environment
from tooling.kubelet.events import Events
from tooling.kubelet.logs import service_log
from tooling.kubelet.processes import Processes
from tooling.kubelet.registry import Registry, reference
from tooling.kubelet.status import pod_status

_LONGEST_PRE_STOP_SECONDS = 1.0
"""A `preStop` hook gives load balancers time; the lane's proxy asks the API server for each request."""
_RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


def is_managed(pod: Mapping[str, Any]) -> bool:
    """Whether this kubelet looks after the pod: an image of it is in the emulated account, and it has a node."""
    spec = pod["spec"]
    return bool(spec.get("nodeName")) and any(reference(each["image"]) for each in spec["containers"])


@dataclass(frozen=True, kw_only=True)
class Node:
    """What all pods share."""

    lane_directory: Path
    api: Api
    registry: Registry
    processes: Processes
    images: Path
    listens: Callable[[str, int, int], None]
    """Called with a pod's address, its container's port, and the port of loopback that stands for it; 0: none."""
    started: Callable[[int, ManagedPod], None]
    """Called with the number of each process of a pod."""


Event = (
    tuple[Literal["changed"], Mapping[str, Any]]
    | tuple[Literal["gone"], None]
    | tuple[Literal["ended"], tuple[int, int]]
)


class ManagedPod:
    """A pod with a thread of its own. `notify` is all that other threads call."""

    def __init__(self, document: Mapping[str, Any], address: str, node: Node) -> None:
        self.document = document
        self.address = address
        self._node = node
        self._events = Events(node.api, document)
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._published: dict[str, Any] = {}
        self._publish_at: float | None = None
        self._stop_at: float | None = None
        self._kill_at: float | None = None
        self._stopped = False
        metadata, spec = document["metadata"], document["spec"]
        self._path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        policy = spec.get("restartPolicy", "Always")
        self._containers = [self._container(each, policy, ends=policy != "Always") for each in spec["containers"]]
        self._init = [self._init_container(each, policy) for each in spec.get("initContainers") or ()]
        self._resume(document.get("status") or {})

    def run(self) -> None:
        """Until the pod no longer exists."""
        gone = False
        while not gone:
            try:
                event = self._queue.get(timeout=self._seconds())
            except queue.Empty:
                event = None
            try:
                gone = self._handle(event) or self._advance()
            except OSError as error:
                # The API server is being restarted; the queue keeps what has happened meanwhile.
                _log.warning("%s: %s", self._path, error)
                self._publish_at = time.monotonic() + _RETRY_SECONDS
        for container in self._all():
            container.kill()
            self.listens_none(container)

    def notify(self, event: Event) -> None:
        self._queue.put(event)

    def variables(self, container: Mapping[str, Any]) -> dict[str, str]:
        """Raises ConfigurationError: something is missing. OSError: nobody answers."""
        namespace = self.document["metadata"]["namespace"]

        def lookup(plural: str, name: str) -> Mapping[str, Any] | None:
            return self._node.api.get(f"/api/v1/namespaces/{namespace}/{plural}/{name}")

        own = environment(self.document, container, lookup, self.address)
        return {"PATH": _PATH, "HOSTNAME": self.document["metadata"]["name"], **own}

    def say(self, reason: str, message: str, *, container: str = "", warning: bool = False) -> None:
        self._events.say(reason, message, container=container, warning=warning)

    def log(self, container: str) -> Path:
        metadata = self.document["metadata"]
        return service_log(self._node.lane_directory, metadata["namespace"], metadata["name"], container)

    def listens(self, container_port: int, host_port: int) -> None:
        self._node.listens(self.address, container_port, host_port)

    def listens_none(self, container: Container) -> None:
        for port in container.spec.get("ports") or ():
            self.listens(port["containerPort"], 0)

    def _container(self, spec: Mapping[str, Any], policy: str, *, ends: bool) -> Container:
        return Container(
            pod=self,
            spec=spec,
            restart_policy=policy,
            registry=self._node.registry,
            processes=self._node.processes,
            images=self._node.images,
            ends_by_itself=ends,
        )

    def _init_container(self, spec: Mapping[str, Any], policy: str) -> Container:
        # A sidecar runs as long as the pod.
        sidecar = spec.get("restartPolicy") == "Always"
        return self._container(
            spec, "Always" if sidecar else ("OnFailure" if policy == "Always" else policy), ends=not sidecar
        )

    def _all(self) -> list[Container]:
        return [*self._init, *self._containers]

    def _resume(self, status: Mapping[str, Any]) -> None:
        self._published = dict(status)
        former = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
        by_name = {each["name"]: each for each in former}
        for container in self._all():
            container.resume(by_name.get(container.spec["name"], {}))

    def _handle(self, event: Event | None) -> bool:
        """True if the pod is gone."""
        if event is None:
            return False
        if event[0] == "gone":
            return True
        if event[0] == "ended":
            number, code = event[1]
            for container in self._all():
                if container.number == number:
                    container.ended(code)
            return False
        self.document = event[1]
        return False

    def _advance(self) -> bool:
        """Does what is due, and publishes what has changed; True if the pod has been removed."""
        if "deletionTimestamp" in self.document["metadata"]:
            return self._terminate()
        for container in self._to_run():
            number = container.number
            container.act()
            if container.number is not None and container.number != number:
                self._node.started(container.number, self)
        self._publish()
        return False

    def _to_run(self) -> list[Container]:
        """Init containers one after another, then the others."""
        for index, container in enumerate(self._init):
            passed = container.state.exit_code == 0 or (not container.ends_by_itself and container.state.started)
            if not passed:
                return self._init[: index + 1]
        return self._all()

    def _publish(self) -> None:
        status = pod_status(
            self.document,
            containers=[each.state for each in self._containers],
            init_containers=[each.state for each in self._init],
            initialized=len(self._to_run()) == len(self._all())
            and all(each.state.exit_code == 0 or each.state.started for each in self._init),
            pod_ip=self.address,
            before=self._published,
        )
        if status == self._published:
            return
        # Of this pod and not of another by the same name.
        answer = self._node.api.patch(
            f"{self._path}/status", {"metadata": {"uid": self.document["metadata"]["uid"]}, "status": status}
        )
        if answer.status not in (200, 404, 409):
            raise ConnectionError(f"the status was not accepted: {answer.status} {answer.body[:300]!r}")
        self._published, self._publish_at = status, None

    def _terminate(self) -> bool:
        metadata, now = self.document["metadata"], time.monotonic()
        if self._kill_at is None:
            grace = float(metadata.get("deletionGracePeriodSeconds") or 0)
            left = (datetime.fromisoformat(metadata["deletionTimestamp"]) - datetime.now(UTC)).total_seconds()
            # The timestamp has whole seconds.
            self._kill_at = now + min(grace, max(left, 0.0) + 1.0)
            self._stop_at = now + min(grace, self._pre_stop_seconds())
            for container in self._containers:
                if container.number is not None:
                    name = container.spec["name"]
                    self.say("Killing", f"Stopping container {name}", container=name)
        running = [each for each in self._all() if each.number is not None]
        if running:
            if now >= self._kill_at:
                for container in running:
                    container.kill()
            elif self._stop_at is not None and now >= self._stop_at and not self._stopped:
                self._stopped = True
                for container in running:
                    container.stop()
            return False
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": metadata["uid"]},
        }
        self._node.api.request("DELETE", self._path, options)
        return True

    def _pre_stop_seconds(self) -> float:
        hooks = [(each.spec.get("lifecycle") or {}).get("preStop") or {} for each in self._containers if each.number]
        seconds = [(hook.get("sleep") or {}).get("seconds", _LONGEST_PRE_STOP_SECONDS) for hook in hooks if hook]
        return min(_LONGEST_PRE_STOP_SECONDS, float(max(seconds, default=0)))

    def _seconds(self) -> float | None:
        """Until something is to be done; None: nothing but an event."""
        if self._kill_at is not None:
            times = [self._kill_at if self._stopped or self._stop_at is None else self._stop_at, self._publish_at]
        else:
            times = [*(each.due for each in self._to_run()), self._publish_at]
        due = [each for each in times if each is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None


_PATH = "/usr/local/bin:/usr/bin:/bin"


def start(pod: ManagedPod) -> None:
    """Runs the pod in a thread of its own. Its first status is published at once."""
    pod.notify(("changed", pod.document))
    threading.Thread(target=pod.run, name=pod.document["metadata"]["name"], daemon=True).start()
