"""Locks that the engine leaves on the lane's stacks: a dead process's is lifted, a living one's respected and named.

The file backend keeps one JSON file a lock, with process, user, host and time. Other backends keep their locks
elsewhere and have `pulumi cancel`; this is about the lane's own state directory only.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.errors import Refused
from tooling.runner.graph import StackId


def lift_stale_locks(state: Path, stacks: Sequence[StackId]) -> list[str]:
    """Removes locks of processes that have ended; returns one sentence for each.

    Args:
        state: directory of the file backend.

    Raises:
        Refused: `stack-locked`, naming the process that holds a stack.
    """
    lifted = []
    for stack in stacks:
        directory = state / ".pulumi" / "locks" / "organization" / stack.project / stack.stack
        for file in sorted(directory.glob("*.json")):
            lock = _read(file)
            if lock is not None and _is_alive(lock):
                raise Refused(
                    "stack-locked",
                    f"{stack} is being changed by process {lock['pid']} of {lock.get('username', 'somebody')}, "
                    f"since {lock.get('timestamp', 'some time')}",
                    where=str(file),
                    mend=f"wait until it has ended, or end it: kill -INT {lock['pid']}",
                )
            file.unlink(missing_ok=True)
            who = "a process" if lock is None else f"process {lock['pid']}"
            lifted.append(f"{stack}: lifted the lock of {who}, which has ended")
    return lifted


def _read(file: Path) -> dict[str, Any] | None:
    """None for one that was cut short: its writer died while it wrote."""
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
    # A process number is used again; where the system tells, it must still be the engine.
    return not command.exists() or command.read_text(encoding="utf-8").strip() == "pulumi"
