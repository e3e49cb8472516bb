"""One container of a pod: which image, when its process starts, is probed, ends and starts again.

Runs in the thread of its pod. Nothing here talks to the API server except by way of its pod.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tooling.kubelet import probes
from tooling.kubelet.environment import ConfigurationError
from tooling.kubelet.logs import begin_log
from tooling.kubelet.probes import Probe, Target
from tooling.kubelet.processes import Processes, program
from tooling.kubelet.registry import Image, Registry, RegistryError, reference
from tooling.kubelet.status import ContainerState, now, terminated, waiting
from tooling.kubelet.trees import package_in
from tooling.lane.ports import LOOPBACK, answers, free_ports

_FIRST_BACKOFF_SECONDS = 10.0
_LONGEST_BACKOFF_SECONDS = 300.0
"""Source: Kubernetes, "Pod Lifecycle", container restart policy; "Images", ImagePullBackOff."""
_FORGOTTEN_SECONDS = 600.0
"""A container that ran for so long starts again without a back-off."""
_CONFIGURATION_SECONDS = 5.0
_SHOWN_ERROR_SECONDS = 1.0
"""How long a status says ErrImagePull before ImagePullBackOff; the kubelet's next look at the pod decides it there."""
_LISTENING_POLL_SECONDS = 0.05


class Pod(Protocol):
    """What a container needs of its pod."""

    document: Mapping[str, Any]
    address: str

    def variables(self, container: Mapping[str, Any]) -> dict[str, str]: ...
    def say(self, reason: str, message: str, *, container: str = "", warning: bool = False) -> None: ...
    def log(self, container: str) -> Path: ...
    def listens(self, container_port: int, host_port: int) -> None: ...


@dataclass(kw_only=True)
class Container:
    """`simulated`: its image is not in the emulated account, so that it runs without a process, as with kwok."""

    pod: Pod
    spec: Mapping[str, Any]
    restart_policy: str
    registry: Registry
    processes: Processes
    images: Path
    ends_by_itself: bool = False
    """An init container, or one of a Job; if simulated, it completes at once."""
    state: ContainerState = field(init=False)
    due: float | None = 0.0
    """When something is to be done next, on the monotonic clock; None: after an event only."""
    number: int | None = None
    """Of its process."""
    _image: Image | None = None
    _backoff_seconds: float = 0.0
    _next: str = "pull"
    _problem: str = ""
    _started_at: float = 0.0
    _started: str = ""
    _variables: Mapping[str, str] = field(default_factory=dict)
    _container_port: int = 0
    _host_port: int = 0
    _probes: list[Probe] = field(default_factory=list)
    _heard: bool = False
    _stopping: bool = False
    _kill_at: float | None = None

    def __post_init__(self) -> None:
        self.state = ContainerState(name=self.spec["name"], image=self.spec["image"])

    def resume(self, former: Mapping[str, Any]) -> None:
        """Continues from the status that an earlier kubelet wrote: its processes died with it."""
        self.state.restarts = former.get("restartCount", 0)
        state = former.get("state") or {}
        if "terminated" in state:
            self.state.state, self.due = state, None
            self.state.image_id = former.get("imageID", "")
        elif "running" in state:
            self.state.restarts += 1
            lost = {"exitCode": 137, "reason": "Error", "startedAt": state["running"]["startedAt"], "finishedAt": now()}
            self.state.last_state = {"terminated": lost}

    def act(self) -> None:
        """Does what is due."""
        if self.due is None or time.monotonic() < self.due:
            return
        self.due = None
        {"pull": self._pull, "back off": self._back_off, "start": self._start, "probe": self._probe}[self._next]()

    def ended(self, code: int) -> None:
        """Its process has exited."""
        self.number = None
        self._listens(0)
        self._probes.clear()
        state = self.state
        state.ready = state.started = False
        state.state = terminated(code, started=self._started, container_id=state.container_id)
        again = self.restart_policy == "Always" or (self.restart_policy == "OnFailure" and code != 0)
        if self._stopping or not again:
            self.due = None
            return
        state.last_state = state.state
        if time.monotonic() - self._started_at > _FORGOTTEN_SECONDS:
            self._backoff_seconds = 0.0
        if self._backoff_seconds:
            name, metadata = self.spec["name"], self.pod.document["metadata"]
            pod = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
            state.state = waiting(
                "CrashLoopBackOff",
                f"back-off {self._backoff_seconds:.0f}s restarting failed container={name} pod={pod}",
            )
            self.pod.say(
                "BackOff", f"Back-off restarting failed container {name} in pod {pod}", container=name, warning=True
            )
        self._after("start", self._backoff_seconds)
        self._lengthen()
        state.restarts += 1

    def stop(self) -> None:
        """Asks its process to exit, for good."""
        self._stopping = True
        self.due = None
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._stopping = True
        self._signal(signal.SIGKILL)

    def _pull(self) -> None:
        found = reference(self.spec["image"])
        if found is None:
            self._simulate("")
            return
        try:
            image = self.registry.find(found.region, found.repository, tag=found.tag, digest=found.digest)
            problem = "" if image else f"{found.text}: not found"
        except RegistryError as error:
            image, problem = None, f"{found.text}: {error}"
        if image is None:
            self._not_pulled(problem)
            return
        self._backoff_seconds = 0.0
        self.state.image_id = f"{found.text.partition('@')[0].rpartition(':')[0] or found.text}@{image.digest}"
        if not image.service or not (self.images / image.tree).is_dir():
            self._simulate(self.state.image_id)
            return
        self._image = image
        self.pod.say("Pulled", f'Successfully pulled image "{found.text}"', container=self.spec["name"])
        self._after("start", 0.0)

    def _not_pulled(self, problem: str) -> None:
        text = self.spec["image"]
        resolving = f'failed to pull and unpack image "{text}": failed to resolve reference "{text}"'
        self._problem = f"rpc error: code = NotFound desc = {resolving}: {problem}"
        self.state.state = waiting("ErrImagePull", self._problem)
        name = self.spec["name"]
        self.pod.say("Failed", f'Failed to pull image "{text}": {self._problem}', container=name, warning=True)
        self._lengthen()
        self._after("back off", _SHOWN_ERROR_SECONDS)

    def _back_off(self) -> None:
        text = self.spec["image"]
        message = f'Back-off pulling image "{text}"'
        self.state.state = waiting("ImagePullBackOff", f"{message}: ErrImagePull: {self._problem}")
        self.pod.say("BackOff", message, container=self.spec["name"])
        self._after("pull", self._backoff_seconds)

    def _simulate(self, image_id: str) -> None:
        self.state.image_id = image_id
        started = now()
        if self.ends_by_itself:
            self.state.state = terminated(0, started=started, container_id="")
            return
        self.state.state = {"running": {"startedAt": started}}
        self.state.ready = self.state.started = True

    def _start(self) -> None:
        if self._image is None:
            self._pull()
            return
        try:
            variables = self.pod.variables(self.spec)
        except ConfigurationError as error:
            self.state.state = waiting("CreateContainerConfigError", str(error))
            self.pod.say("Failed", f"Error: {error}", container=self.spec["name"], warning=True)
            self._after("start", _CONFIGURATION_SECONDS)
            return
        tree = self.images / self._image.tree
        self._container_port = port_of(self.spec, variables)
        if self._container_port:
            (self._host_port,) = free_ports(1)
            variables |= {"HOST": LOOPBACK, "PORT": str(self._host_port)}
        log = self.pod.log(self.spec["name"])
        begin_log(log)
        command = command_of(self.spec, package_in(tree), variables)
        self.number = self.processes.start(program(command, variables), variables, tree, log)
        self._started_at, self._started, self._heard = time.monotonic(), now(), False
        self._variables = variables
        self.state.container_id = f"process://{self._host_port or self.number}"
        self.state.state = {"running": {"startedAt": self._started}}
        self.pod.say("Started", f"Started container {self.spec['name']}", container=self.spec["name"])
        self._listens(self._host_port)
        kinds = {"Startup": "startupProbe", "Readiness": "readinessProbe", "Liveness": "livenessProbe"}
        self._probes = [
            Probe(
                kind=kind,
                spec=self.spec[key],
                due=self._started_at + (self.spec[key].get("initialDelaySeconds") or 0),
                passed=kind == "Liveness",
            )
            for kind, key in kinds.items()
            if key in self.spec
        ]
        self._judge()
        self._after("probe", 0.0)

    def _probe(self) -> None:
        if self.number is None or not self._probes:
            return
        if not self._heard and self._container_port:
            # Its first probe runs as soon as it listens, so that it is ready after a second and not after a period.
            self._heard = answers(self._host_port)
            period = min(probe.period_seconds for probe in self._probes)
            if not self._heard and time.monotonic() - self._started_at < period:
                self._after("probe", _LISTENING_POLL_SECONDS)
                return
            self._heard = True
        for probe in self._active():
            if time.monotonic() >= probe.due:
                self._run(probe)
        self._judge()
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._signal(signal.SIGKILL)
            self._kill_at = None
        times = [probe.due for probe in self._active()] + ([self._kill_at] if self._kill_at is not None else [])
        if times:
            self._next, self.due = "probe", min(times)

    def _active(self) -> list[Probe]:
        """The start-up probe until it has passed, then the others."""
        starting = [probe for probe in self._probes if probe.kind == "Startup" and not probe.passed]
        return starting or [probe for probe in self._probes if probe.kind != "Startup"]

    def _run(self, probe: Probe) -> None:
        port = probes.probe_port(probe.spec, self.spec)
        host_port = self._host_port if port == self._container_port else 0
        assert self._image is not None
        target = Target(
            address=self.pod.address,
            port=port,
            host_port=host_port,
            environment=self._variables,
            directory=self.images / self._image.tree,
        )
        failure = probes.run(probe.spec, target)
        probe.note(failure)
        probe.due = time.monotonic() + probe.period_seconds
        if not failure:
            return
        name = self.spec["name"]
        self.pod.say("Unhealthy", f"{probe.kind} probe failed: {failure}", container=name, warning=True)
        if probe.kind in ("Liveness", "Startup") and probe.has_failed_for_good and self._kill_at is None:
            self.pod.say(
                "Killing", f"Container {name} failed {probe.kind.lower()} probe, will be restarted", container=name
            )
            self._signal(signal.SIGTERM)
            grace = self.pod.document["spec"].get("terminationGracePeriodSeconds", 30)
            self._kill_at = time.monotonic() + grace

    def _judge(self) -> None:
        verdict = {probe.kind: probe.passed for probe in self._probes}
        self.state.started = verdict.get("Startup", True)
        self.state.ready = self.state.started and verdict.get("Readiness", True)

    def _signal(self, which: signal.Signals) -> None:
        if self.number is not None:
            self.processes.signal(self.number, which)

    def _listens(self, host_port: int) -> None:
        self._host_port = host_port
        self._kill_at = None
        if self._container_port:
            self.pod.listens(self._container_port, host_port)

    def _after(self, what: str, seconds: float) -> None:
        self._next, self.due = what, time.monotonic() + seconds

    def _lengthen(self) -> None:
        self._backoff_seconds = min(self._backoff_seconds * 2, _LONGEST_BACKOFF_SECONDS) or _FIRST_BACKOFF_SECONDS


def port_of(container: Mapping[str, Any], variables: Mapping[str, str]) -> int:
    """The container's port that is mapped to one of loopback: the one that PORT names, or else the first; 0: none."""
    ports = [each["containerPort"] for each in container.get("ports") or ()]
    wanted = variables.get("PORT", "")
    if wanted.isascii() and wanted.isdigit() and (int(wanted) in ports or not ports):
        return int(wanted)
    return ports[0] if ports else 0


def command_of(container: Mapping[str, Any], package: str, variables: Mapping[str, str]) -> list[str]:
    """The container's command and arguments; without a command, the entry point of the image of a service."""
    from tooling.kubelet.environment import expanded

    entry_point = container.get("command") or ["python", "-m", package]
    return [expanded(word, variables) for word in (*entry_point, *(container.get("args") or ()))]
