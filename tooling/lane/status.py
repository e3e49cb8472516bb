"""State of a lane's parts and stacks. Read-only; `lifecycle` changes things."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tooling.lane.cluster_processes import COMPONENTS
from tooling.lane.ports import LOOPBACK, answers
from tooling.lane.state import Lane
from tooling.paths import local_directory

EMULATOR = "emulated AWS"
KUBELET = "kubelet"

PARTS = (EMULATOR, *COMPONENTS, KUBELET)
"""Every process of the lane, in start order. The kubelet's own children, the services, are none."""

State = Literal["absent", "running", "stopped", "degraded"]


@dataclass(frozen=True)
class Part:
    """One process of the lane. `pid` is None if it is not running; `ready`: it serves requests."""

    name: str
    pid: int | None
    ready: bool
    address: str
    log: str


@dataclass(frozen=True)
class Stack:
    """A stack of the engine's file backend; `resources`: count without the stack itself and providers."""

    project: str
    name: str
    resources: int


@dataclass(frozen=True)
class Status:
    state: State
    directory: str
    parts: tuple[Part, ...]
    stacks: tuple[Stack, ...]
    versions: dict[str, str]


def status(directory: Path | None = None) -> Status:
    """The status of the lane in `directory`, by default the clone's own.

    Raises:
        PlatformError: its record cannot be read.
    """
    where = directory or local_directory()
    lane = Lane.load(where)
    if lane is None:
        return Status("absent", str(where), (), (), {})
    parts = (_emulator(lane), *_components(lane), _kubelet(lane))
    if all(part.ready for part in parts):
        state: State = "running"
    else:
        state = "degraded" if any(part.pid is not None for part in parts) else "stopped"
    return Status(state, str(where), parts, stacks(lane.state_directory), lane.versions)


def not_running(lane: Lane) -> list[str]:
    """Parts of the lane that are not running, in start order."""
    missing = [name for name, pid in lane.cluster.processes.pids().items() if pid is None]
    before = [EMULATOR] if lane.emulator.pid() is None else []
    after = [KUBELET] if lane.kubelet.pid() is None else []
    return [*before, *missing, *after]


def health(lane: Lane) -> dict[str, Any] | None:
    """What the AWS emulation says of itself, or None while it does not answer."""
    connection = http.client.HTTPConnection(LOOPBACK, lane.ports.aws, timeout=5)
    try:
        connection.request("GET", "/tiers/health")
        answer = connection.getresponse()
        body = answer.read()
        return json.loads(body) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def is_ready(facts: dict[str, Any] | None) -> bool:
    """Whether the result of `health` says that requests are served."""
    return facts is not None and facts.get("state") == "ready"


def stacks(state_directory: Path) -> tuple[Stack, ...]:
    """Every stack of a file backend, read from its checkpoints: asking the engine takes half a second."""
    found = []
    for file in sorted((state_directory / ".pulumi" / "stacks").glob("*/*.json")):
        try:
            resources = (json.loads(file.read_bytes())["checkpoint"]["latest"] or {}).get("resources") or ()
        except (OSError, ValueError, KeyError):  # being written, or not a checkpoint
            continue
        counted = [each for each in resources if not each["type"].startswith("pulumi:")]
        found.append(Stack(file.parent.name, file.stem, len(counted)))
    return tuple(found)


def _emulator(lane: Lane) -> Part:
    pid = lane.emulator.pid()
    ready = pid is not None and is_ready(health(lane))
    return Part(EMULATOR, pid, ready, lane.aws_endpoint, str(lane.emulator.log))


def _kubelet(lane: Lane) -> Part:
    pid = lane.kubelet.pid()
    ready = pid is not None and answers(lane.ports.ingress)
    return Part(KUBELET, pid, ready, lane.ingress_address, str(lane.kubelet.log))


def _components(lane: Lane) -> list[Part]:
    processes = lane.cluster.processes
    ports = {
        "etcd": lane.ports.etcd,
        "kube-apiserver": lane.ports.api_server,
        "kube-controller-manager": lane.ports.controller_manager,
        "kube-scheduler": lane.ports.scheduler,
        "kwok-controller": lane.ports.kwok,
    }
    pids = processes.pids()
    if pids["kube-apiserver"] is not None:
        with lane.cluster.api() as api:
            answers = api.ready()
    else:
        answers = False
    return [
        Part(
            name,
            pid,
            # The other components have no endpoint that the lane uses.
            pid is not None and (answers or name != "kube-apiserver"),
            f"{LOOPBACK}:{ports[name]}",
            str(processes.log(name)),
        )
        for name, pid in pids.items()
    ]
