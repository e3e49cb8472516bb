"""Processes that outlive the command that started them: starting, finding again, ending.

They are found by their command line, never by a recorded process id: after a reboot, or after a day, that id may be
somebody else's, and a command that was killed may not have recorded it at all.
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

_DETACH = 'exec "$@" </dev/null >>"$0" 2>&1 &'
"""$0 is the log. The shell ends at once, so that the process becomes init's child and never a zombie of ours."""


@dataclass(frozen=True)
class Service:
    """A long-running process that writes `<name>.log` in `directory`.

    `arguments` are the first words after its program, and the service's alone: by them it is found.
    """

    name: str
    directory: Path
    arguments: Sequence[str]

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    def pid(self) -> int | None:
        """The running process's id, or None."""
        return next(iter(running(self._is_ours)), None)

    def start(self, program: str, more: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts `program` with the service's arguments and `more`, in a session of its own, unless it runs already.

        It may still end at once: whoever needs it asks it whether it is ready, and looks at `pid` while waiting.
        """
        if self.pid() is not None:
            return
        self.log.touch(mode=0o600)
        subprocess.run(
            ["/bin/sh", "-c", _DETACH, str(self.log), program, *self.arguments, *more],
            env=dict(environment),
            cwd=self.directory,
            start_new_session=True,
            check=True,
        )

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Asks it to end, then ends it. Done when it has gone."""
        end(self._is_ours, grace_seconds)

    def _is_ours(self, command: str) -> bool:
        program, found, _ = f"{command} ".partition(f" {' '.join(self.arguments)} ")
        # A shell or an editor may have the same words further back in its command line.
        return bool(found) and Path(program).is_file()


def running(is_ours: Callable[[str], bool]) -> list[int]:
    """Ids of this user's processes whose command line, its words joined by spaces, satisfies `is_ours`."""
    return [pid for pid, command in command_lines() if is_ours(command)]


def command_lines() -> Iterator[tuple[int, str]]:
    """Every process of this user in this system (a container's host is another one); zombies have no command line."""
    return _from_proc() if sys.platform == "linux" else _from_ps()


def end(is_ours: Callable[[str], bool], grace_seconds: float = 5.0) -> None:
    """SIGTERM, and SIGKILL for what is still there after `grace_seconds`. Done when nothing is ours any more."""
    if grace_seconds > 0 and not _signal(is_ours, signal.SIGTERM, grace_seconds):
        return
    remaining = _signal(is_ours, signal.SIGKILL, _KILLED_SECONDS)
    if remaining:
        ids = ",".join(str(pid) for pid in remaining)
        raise PlatformError(
            "process-not-stopped",
            f"processes that do not end, even when killed: {ids}",
            at="",
            hint=f"look at them: ps -fp {ids}",
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


def _signal(is_ours: Callable[[str], bool], number: signal.Signals, patience_seconds: float) -> list[int]:
    """What is still there when patience has run out."""
    remaining = running(is_ours)
    for pid in remaining:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + patience_seconds
    while remaining and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        remaining = running(is_ours)
    return remaining


def _from_proc() -> Iterator[tuple[int, str]]:
    user = os.geteuid()
    here = Path("/proc/self/ns/pid").readlink()
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            words = (directory / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            if words != [b""] and directory.stat().st_uid == user and (directory / "ns" / "pid").readlink() == here:
                yield int(directory.name), b" ".join(words).decode(errors="replace")
        except OSError:  # it has ended meanwhile, or may not be looked at
            continue


def _from_ps() -> Iterator[tuple[int, str]]:
    answer = subprocess.run(
        ["ps", "-xww", "-U", str(os.geteuid()), "-o", "pid=,stat=,command="], capture_output=True, text=True, check=True
    )
    for line in answer.stdout.splitlines():
        pid, state, command = line.split(None, 2)
        if not state.startswith("Z"):
            yield int(pid), command
