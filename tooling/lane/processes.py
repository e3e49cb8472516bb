"""Processes that outlive the command that started them, found again by pid file, and stopped.

A pid alone proves nothing: after a reboot, or after a day, it may be somebody else's. So a process counts as ours only
while its whole command line is the one we started; that holds across being killed between start and record, too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import PlatformError

_POLL_SECONDS = 0.05
_START_SECONDS = 10.0

_DETACH = '"$@" </dev/null >>"$0" 2>&1 &'
"""$0 is the log. The shell ends at once, so that the process becomes init's child and never a zombie of ours."""

_RECORD = 'echo $$ >"$0.new" && mv "$0.new" "$0" && exec "$@"'
"""$0 is the pid file, written by the process itself: no moment exists in which it runs unrecorded."""


@dataclass(frozen=True)
class Service:
    """A long-running process: what it is, and where it leaves `<name>.pid` and `<name>.log`."""

    name: str
    command: Sequence[str]
    directory: Path

    @property
    def pid_file(self) -> Path:
        return self.directory / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    def pid(self) -> int | None:
        """The running process's id, or None."""
        return recorded_pid(self.pid_file, self._is_ours)

    def start(self, environment: Mapping[str, str]) -> int:
        """Starts it in a session of its own, unless it runs already; returns its process id.

        It may still end at once: whoever needs it asks it whether it is ready, and looks at `pid` while waiting.
        """
        running = self.pid()
        if running is not None:
            return running
        self.directory.mkdir(parents=True, exist_ok=True)
        self.pid_file.unlink(missing_ok=True)
        self.log.touch(mode=0o600)
        command = ["/bin/sh", "-c", _RECORD, str(self.pid_file), *self.command]
        subprocess.run(
            ["/bin/sh", "-c", _DETACH, str(self.log), *command],
            env=dict(environment),
            cwd=self.directory,
            start_new_session=True,
            check=True,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self.pid_file.exists():
            if time.monotonic() > deadline:
                raise PlatformError(
                    "process-not-started", f"{self.name} did not start", where=str(self.log), mend="tiers local up"
                )
            time.sleep(_POLL_SECONDS)
        return int(self.pid_file.read_text())

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Asks it to end, then ends it. Done when it has gone."""
        pid = self.pid()
        if pid is not None:
            end(pid, self._is_ours, grace_seconds)
        self.pid_file.unlink(missing_ok=True)

    def _is_ours(self, command: Sequence[str]) -> bool:
        # `ps` joins arguments by spaces, so that is how both are compared; the shell shows before it becomes the program.
        ours = " ".join(self.command)
        shown = " ".join(command)
        return shown == ours or (shown.startswith("/bin/sh -c") and shown.endswith(ours))


def recorded_pid(pid_file: Path, is_ours: Callable[[Sequence[str]], bool]) -> int | None:
    """The process id in `pid_file`, if that process runs and its command line satisfies `is_ours`."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return None
    command = command_of(pid)
    return pid if command and is_ours(command) else None


def command_of(pid: int) -> list[str]:
    """The command line of a process; empty if there is none, or only its zombie.

    On macOS it is one string: `ps` does not tell arguments apart.
    """
    if sys.platform == "linux":
        try:
            return [part.decode(errors="replace") for part in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if part]
        except OSError:
            return []
    answer = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    line = answer.stdout.strip()
    return [] if not line or line.startswith("(") else [line]


def end(pid: int, is_ours: Callable[[Sequence[str]], bool], grace_seconds: float = 5.0) -> None:
    """SIGTERM, and SIGKILL after `grace_seconds`; a process id that is not ours (any more) is left alone."""
    for number, patience_seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
        if not is_ours(command_of(pid)):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if not is_ours(command_of(pid)):
                return
            time.sleep(_POLL_SECONDS)
    raise PlatformError(
        "process-not-stopped", f"process {pid} does not end, even when killed", where="", mend=f"look at it: ps -fp {pid}"
    )


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for an error's text."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return " / ".join(line.strip() for line in text.splitlines()[-count:] if line.strip())
