"""Starts, finds and stops processes that outlive the command that started them.

They are found by their command line, never by a recorded process id: after a reboot, or after a day, that id may
belong to another process, and a command that was killed may not have recorded it at all.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import PlatformError

_POLL_SECONDS = 0.05
_KILLED_SECONDS = 10.0
_EXEC_SECONDS = 10.0
_READS_DURING_EXEC = 20
_EXEC_POLL_SECONDS = 0.001

_DETACH = 'exec "$@" </dev/null >>"$0" 2>&1 &'
"""$0 is the log. The shell ends at once, so that init adopts the process, which then never becomes a zombie."""


@dataclass(frozen=True)
class Service:
    """A long-running process that writes `<name>.log` in `directory`.

    `arguments` are the first words after its program. They are unique to the service and identify its process.
    """

    name: str
    directory: Path
    arguments: Sequence[str]

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    def pid(self) -> int | None:
        """Process id, or None if it is not running."""
        return next(iter(running(self._matches)), None)

    def start(self, program: str, more: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts `program` with the service's arguments and `more`, in a new session, unless it is running already.

        Once it returns, no `pid` means that it has exited, which it may do at once: callers poll its readiness, and
        check `pid` while they wait.
        """
        if self.pid() is not None:
            return
        self.log.touch(mode=0o600)
        shell = subprocess.Popen(
            ["/bin/sh", "-c", _DETACH, str(self.log), program, *self.arguments, *more],
            env=dict(environment),
            cwd=self.directory,
            start_new_session=True,
        )
        if shell.wait() != 0:
            raise subprocess.CalledProcessError(shell.returncode, shell.args)
        self._wait_for_exec(group=shell.pid)

    def _wait_for_exec(self, group: int) -> None:
        """The shell has forked the process, which may still have the shell's command line."""
        deadline = time.monotonic() + _EXEC_SECONDS
        while self.pid() is None and _has_processes(group) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Terminates the process, kills it if it does not exit, and returns when it is gone."""
        end(self._matches, grace_seconds)

    def _matches(self, command: str) -> bool:
        program, found, _ = f"{command} ".partition(f" {' '.join(self.arguments)} ")
        # A shell or an editor may have the same words later in its command line.
        return bool(found) and Path(program).is_file()


def running(matches: Callable[[str], bool]) -> list[int]:
    """Ids of this user's processes whose command line, its words joined by spaces, satisfies `matches`."""
    return [pid for pid, command in command_lines() if matches(command)]


def command_lines() -> Iterator[tuple[int, str]]:
    """Every process of this user in this PID namespace; zombies are left out, since they have no command line."""
    return _from_proc() if sys.platform == "linux" else _from_ps()


def end(matches: Callable[[str], bool], grace_seconds: float = 5.0) -> None:
    """Sends SIGTERM, then SIGKILL after `grace_seconds`; returns when no matching process is left."""
    if grace_seconds > 0 and not _signal(matches, signal.SIGTERM, grace_seconds):
        return
    remaining = _signal(matches, signal.SIGKILL, _KILLED_SECONDS)
    if remaining:
        ids = ",".join(str(pid) for pid in remaining)
        raise PlatformError(
            "process-not-stopped",
            f"processes do not exit, even when killed: {ids}",
            at="",
            hint=f"inspect them: ps -fp {ids}",
        )


def last_lines(log: Path, count: int = 5) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return " / ".join(line.strip() for line in text.splitlines()[-count:] if line.strip())


def _signal(matches: Callable[[str], bool], number: signal.Signals, patience_seconds: float) -> list[int]:
    """Signals the processes; returns those that still exist after `patience_seconds`."""
    remaining = running(matches)
    for pid in remaining:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + patience_seconds
    while remaining and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        remaining = running(matches)
    return remaining


def _has_processes(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS reports a zombie by the latter
        return False
    return True


def _from_proc() -> Iterator[tuple[int, str]]:
    user = os.geteuid()
    here = Path("/proc/self/ns/pid").readlink()
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            if directory.stat().st_uid == user and (directory / "ns" / "pid").readlink() == here:
                words = _command_line(directory)
                if words:
                    yield int(directory.name), b" ".join(words.split(b"\0")).decode(errors="replace")
        except OSError:  # it has exited meanwhile, or may not be read
            continue


def _command_line(directory: Path) -> bytes:
    """Zombies and kernel threads have none and no `exe`; during execve(2) a process has its `exe` but no arguments yet.

    Source: fs/exec.c of Linux, where `begin_new_exec` precedes `create_elf_tables`.
    """
    for _ in range(_READS_DURING_EXEC):
        words = (directory / "cmdline").read_bytes().rstrip(b"\0")
        if words:
            return words
        (directory / "exe").readlink()
        time.sleep(_EXEC_POLL_SECONDS)
    return b""


def _from_ps() -> Iterator[tuple[int, str]]:
    answer = subprocess.run(
        ["ps", "-xww", "-U", str(os.geteuid()), "-o", "pid=,stat=,command="], capture_output=True, text=True, check=True
    )
    for line in answer.stdout.splitlines():
        pid, state, command = line.split(None, 2)
        if not state.startswith("Z"):
            yield int(pid), command
