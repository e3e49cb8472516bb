"""Locks between processes of one machine, which the kernel releases when their holder is killed.

The lock file records who holds the lock and for what, for the message of those that wait. It is in the cache, never in
a directory that the holder may remove.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_POLL_SECONDS = 0.2


@contextlib.contextmanager
def hold(path: Path, purpose: str, *, waiting: Callable[[str], None], leave: bool = True) -> Iterator[int]:
    """Holds the lock at `path` for the length of the block; `purpose` is shown to others, e.g. `tiers local up`.

    Yields its descriptor: a process that inherits it holds the lock too, until it ends.

    `waiting` is called once with a text about the holder if another process holds it. Without `leave`, the file is
    removed with the lock. Not reentrant.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _taken(path)
    reported = False
    while descriptor is None:
        if not reported:
            waiting(f"waiting for {_holder(path)}")
            reported = True
        time.sleep(_POLL_SECONDS)
        descriptor = _taken(path)
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "purpose": purpose}).encode())
        yield descriptor
    finally:
        if not leave:
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _taken(path: Path) -> int | None:
    """The lock file's descriptor if this process now holds the lock, else None."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # If a holder removed the file between the two calls, this lock protects nothing.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        who = f"`{holder['purpose']}` (process {holder['pid']})"
        return (
            f"{who}, which is still running" if _lives(holder["pid"]) else f"processes started by {who}, which has died"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another process, which has just started"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
