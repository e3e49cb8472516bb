"""Measures one command with all its descendants.

The command runs under a dedicated process that adopts orphans (prctl PR_SET_CHILD_SUBREAPER), so that the CPU time of
every descendant, however it ended, is in that process's RUSAGE_CHILDREN. Memory is the largest sum of proportional set
sizes over the tree, sampled five times a second.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.errors import PlatformError, Refused
from tooling.bench.processes import descendants, memory_bytes, running
from tooling.paths import REPOSITORY

_SUBREAPER = 36  # linux/prctl.h
_SAMPLE_SECONDS = 0.2
_STRAGGLER_SECONDS = 1.0
"""How long to wait for grandchildren that are about to end; long-running services are not waited for."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    wall_seconds: float
    cpu_seconds: float
    """User and system time of the command and all its descendants, including services that keep running."""
    peak_bytes: int
    service_cpu_seconds: float = 0.0
    """CPU time that services of the lane, started earlier by other processes, used in the meantime."""


def measured(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> Sample:
    """Runs `command` until it ends.

    Raises:
        Refused: `bench-needs-linux`.
        PlatformError: `bench-command-failed`, with the end of its output.
    """
    if sys.platform != "linux":
        raise Refused("bench-needs-linux", "benchmarks read /proc, which only Linux has", at="", hint="")
    with tempfile.NamedTemporaryFile("r") as result, tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [sys.executable, "-m", "tooling.bench.measure", result.name, str(cwd), *command],
            cwd=REPOSITORY,
            env={**environment, "PYTHONPATH": environment.get("PYTHONPATH", str(REPOSITORY))},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        text = result.read()
        if done.returncode != 0 or not text:
            said.seek(0)
            raise PlatformError(
                "bench-command-failed",
                f"the command failed with exit code {done.returncode}: {said.read().decode(errors='replace')[-1500:]}",
                at=str(cwd),
                hint=f"run it by hand: {' '.join(command)}",
            )
    return Sample(**json.loads(text))


def main() -> None:
    result, cwd, *command = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)
    peak, ended = [0], threading.Event()
    sampler = threading.Thread(target=_sample, args=(peak, ended))
    started = time.monotonic()
    # In a process group of its own, it would not receive Ctrl-C from the terminal.
    process = subprocess.Popen(command, cwd=cwd)
    sampler.start()
    code = process.wait()
    wall_seconds = time.monotonic() - started
    ended.set()
    sampler.join()
    _reap()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    staying = sum(process.cpu_seconds for process in descendants(os.getpid(), running()))
    sample = Sample(
        wall_seconds=wall_seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime + staying,
        peak_bytes=peak[0],
    )
    Path(result).write_text(json.dumps(asdict(sample)), encoding="utf-8")
    sys.exit(code)


def _sample(peak: list[int], ended: threading.Event) -> None:
    while True:
        tree = [process.pid for process in descendants(os.getpid(), running())]
        peak[0] = max(peak[0], memory_bytes(tree))
        if ended.wait(_SAMPLE_SECONDS):
            return


def _reap() -> None:
    deadline = time.monotonic() + _STRAGGLER_SECONDS
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.02)
        except ChildProcessError:
            return


if __name__ == "__main__":
    main()
