"""CPU time and memory of a process tree, read from /proc on Linux. `measure` interprets the numbers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    cpu_seconds: float
    """CPU time of all its threads, without its children."""


def parse_stat(text: str) -> Process:
    """One `/proc/<pid>/stat`. Source: proc_pid_stat(5), fields 4, 14 and 15."""
    number, rest = text.split(" ", 1)
    # The name is in parentheses and may contain anything, including parentheses and spaces.
    fields = rest[rest.rindex(")") + 2 :].split()
    return Process(int(number), int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND)


def parse_proportional_bytes(text: str) -> int:
    """`Pss` of one `/proc/<pid>/smaps_rollup`: a page shared by n processes counts as 1/n for each."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def running() -> dict[int, Process]:
    found = {}
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            text = _read(directory / "stat")
            if text:
                process = parse_stat(text)
                found[process.pid] = process
    return found


def descendants(of: int, among: dict[int, Process]) -> list[Process]:
    children: dict[int, list[Process]] = {}
    for process in among.values():
        children.setdefault(process.parent, []).append(process)
    # The table is not read atomically: a reused process id can create a cycle.
    found: dict[int, Process] = {}
    open_ = [of]
    while open_:
        for child in children.get(open_.pop(), ()):
            if child.pid != of and child.pid not in found:
                found[child.pid] = child
                open_.append(child.pid)
    return list(found.values())


def memory_bytes(pids: list[int]) -> int:
    return sum(parse_proportional_bytes(_read(Path(f"/proc/{pid}/smaps_rollup"))) for pid in pids)


def naming(text: str) -> list[Process]:
    """Processes whose command line contains `text`, such as a lane's directory."""
    return [process for process in running().values() if text in _read(Path(f"/proc/{process.pid}/cmdline"))]


def _read(path: Path) -> str:
    """Returns an empty string for a process that has ended or belongs to another user."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
