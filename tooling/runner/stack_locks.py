"""Engine locks on the lane's stacks: removes those of dead processes; reports those of running ones.

The file backend keeps one JSON file per lock, with process, user, host and time. Other backends keep their locks
elsewhere and have `pulumi cancel`; this is about the lane's own state directory only.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.errors import Refused
from tooling.runner.graph import StackId

_POLL_SECONDS = 0.2


def lift_stale_locks(state: Path, stacks: Sequence[StackId], *, patience: timedelta = timedelta()) -> list[str]:
    """Removes locks of processes that have ended; returns one sentence for each.

    Args:
        state: directory of the file backend.
        patience: for how long an engine that lives may go on, one that outlived its killed worker for instance.

    Raises:
        Refused: `stack-locked`, naming the process that holds a stack.
    """
    lifted = []
    deadline = time.monotonic() + patience.total_seconds()
    for stack in stacks:
        for file in _files(state, stack):
            lock = _read(file)
            while lock is not None and _is_alive(lock) and file.exists() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
            if not file.exists():
                continue
            if lock is not None and _is_alive(lock):
                raise Refused(
                    "stack-locked",
                    f"{stack} is being changed by process {lock['pid']} of {lock.get('username', 'an unknown user')}, "
                    f"since {lock.get('timestamp', 'an unknown time')}",
                    at=str(file),
                    hint=f"wait until it has finished, or interrupt it: kill -INT {lock['pid']}",
                )
            file.unlink(missing_ok=True)
            who = "a process" if lock is None else f"process {lock['pid']}"
            lifted.append(f"{stack}: removed the lock of {who}, which has exited")
    return lifted


def await_engines(state: Path, stacks: Sequence[StackId], *, patience: timedelta) -> None:
    """Waits for engines that still hold one of `stacks`: they need their plug-ins to finish."""
    deadline = time.monotonic() + patience.total_seconds()
    while time.monotonic() < deadline:
        locks = [_read(file) for stack in stacks for file in _files(state, stack)]
        if not any(lock is not None and _is_alive(lock) for lock in locks):
            return
        time.sleep(_POLL_SECONDS)


def _files(state: Path, stack: StackId) -> list[Path]:
    return sorted((state / ".pulumi" / "locks" / "organization" / stack.project / stack.stack).glob("*.json"))


def _read(file: Path) -> dict[str, Any] | None:
    """The content of a lock file; None if it is truncated because its writer died."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and isinstance(content.get("pid"), int) else None


def _is_alive(lock: dict[str, Any]) -> bool:
    if lock.get("hostname") not in (None, socket.gethostname()):
        return True
    try:
        os.kill(lock["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    command = Path(f"/proc/{lock['pid']}/comm")
    # Process ids are reused: where /proc exists, check that this is still the engine.
    return not command.exists() or command.read_text(encoding="utf-8").strip() == "pulumi"
