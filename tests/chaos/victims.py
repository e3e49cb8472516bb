"""Finding the processes of one run and of one lane, and hitting one of them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

from tests.chaos.trials import Victim
from tooling.lane.processes import command_lines
from tooling.lane.state import Lane

_BETWEEN_TWO_SECONDS = 0.5


def hit(victim: Victim, runner: int, lane: Lane, draw: random.Random) -> bool:
    """SIGKILL, or SIGINT for Ctrl-C; False if there is no such process now."""
    if victim in (Victim.CTRL_C, Victim.CTRL_C_TWICE):
        _signal(runner, signal.SIGINT)
        if victim is Victim.CTRL_C_TWICE:
            time.sleep(_BETWEEN_TWO_SECONDS)
            _signal(runner, signal.SIGINT)
        return True
    found = _pids(victim, runner, lane)
    if not found:
        return False
    _signal(draw.choice(sorted(found)), signal.SIGKILL)
    return True


def _pids(victim: Victim, runner: int, lane: Lane) -> list[int]:
    if victim is Victim.RUNNER:
        return [runner]
    if victim is Victim.EMULATOR:
        pid = lane.emulator.pid()
        return [] if pid is None else [pid]
    if victim is Victim.KUBELET:
        pid = lane.kubelet.pid()
        return [] if pid is None else [pid]
    if victim in (Victim.API_SERVER, Victim.ETCD):
        pid = lane.cluster.processes.pids()[str(victim)]
        return [] if pid is None else [pid]
    family = _family(runner)
    if victim is Victim.ENGINE:
        return [pid for pid, command in command_lines() if pid in family and _program(command) == "pulumi"]
    # Workers and plug-ins are forks of one process: what tells them apart is the log they write to.
    log = "worker-" if victim is Victim.WORKER else "plugins.log"
    return [pid for pid in family if _log(pid).startswith(log)]


def _program(command: str) -> str:
    return Path(command.partition(" ")[0]).name


def _log(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/fd/2").readlink().name
    except OSError:
        return ""


def _family(root: int) -> set[int]:
    """Every descendant of a process."""
    parents: dict[int, int] = {}
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            with contextlib.suppress(OSError):
                # The name, in parentheses, may hold spaces and parentheses itself.
                after_name = (directory / "stat").read_text().rpartition(")")[2].split()
                parents[int(directory.name)] = int(after_name[1])
    family = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        if not more:
            return family - {root}
        family |= more


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
