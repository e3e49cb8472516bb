"""Plug-ins that outlive their engine: released ones continue for minutes after it was killed.

The engines that `tiers` starts have a mark in their environment, which their plug-ins inherit. Before a run changes
anything, it waits for marked processes whose engine is dead, and ends those that stay: their requests would conflict
with the run's. The recovery then finds what they created. Only Linux shows the environment of a process; the
plug-ins of the local lane end with their run on every system.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tooling.paths import local_directory

MARK = "TIERS_STARTED_BY"

PATIENCE = timedelta(seconds=60)
"""For requests in progress. Most requests are answered within seconds; released plug-ins notice the loss of their
engine after five minutes."""
_GRACE = timedelta(seconds=10)
"""Between SIGTERM and SIGKILL."""
_POLL_SECONDS = 0.2
_PROCESSES = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class _Process:
    number: int
    parent: int
    name: str


def mark(environment: str) -> dict[str, str]:
    """The variable for engines of `environment` that this clone starts."""
    return {MARK: f"{environment} {local_directory()}"}


def clear_orphans(environment: str, say: Callable[[str], None], *, patience: timedelta = PATIENCE) -> None:
    """Returns once no plug-in of a dead engine of `environment` is running; reports which ones it waits for or ends."""
    (value,) = mark(environment).values()
    orphans = _orphans(value)
    if not orphans:
        return
    say(f"waiting for {_listed(orphans)}: the engine that started them was killed, and they may still be working")
    if not _ended(value, patience):
        orphans = _orphans(value)
        say(f"ending {_listed(orphans)}, which did not end within {int(patience.total_seconds())} s")
        for number, grace in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
            for orphan in _orphans(value):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(orphan.number, number)
            if _ended(value, grace):
                return


def _ended(value: str, patience: timedelta) -> bool:
    deadline = time.monotonic() + patience.total_seconds()
    while _orphans(value):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _orphans(value: str) -> list[_Process]:
    """Marked processes that are neither an engine nor a descendant of a running one."""
    marked = {process.number: process for process in _marked(value)}
    return [process for process in marked.values() if not _has_engine(process, marked)]


def _has_engine(process: _Process, marked: dict[int, _Process]) -> bool:
    current: _Process | None = process
    while current is not None:
        if current.name == "pulumi":
            return True
        current = marked.get(current.parent)
    return False


def _marked(value: str) -> list[_Process]:
    wanted = f"{MARK}={value}".encode()
    found = []
    for directory in _PROCESSES.glob("[0-9]*"):
        # Processes may exit meanwhile, and the environment of other users' processes is not readable.
        with contextlib.suppress(OSError, ValueError):
            if wanted not in (directory / "environ").read_bytes().split(b"\0"):
                continue
            name, _, rest = (directory / "stat").read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if state != "Z" and int(directory.name) != os.getpid():
                found.append(_Process(number=int(directory.name), parent=int(parent), name=name))
    return found


def _listed(processes: list[_Process]) -> str:
    return ", ".join(f"process {one.number} ({one.name})" for one in processes)
