"""Locks between processes of one machine, which the kernel takes back from a holder that was killed.

The file says who holds the lock and for what, so that whoever waits can say so. A lock file lies in the cache, never in
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
    """Holds the lock at `path` for the length of the block; `purpose` is what others are told, e.g. `tiers local up`.

    Yields its descriptor: a process that inherits it holds the lock too, until it ends.

    `waiting` is called once with a sentence about the holder if somebody else holds it. Without `leave`, the file goes
    with the lock. Not reentrant.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _taken(path)
    told = False
    while descriptor is None:
        if not told:
            waiting(f"waiting for {_holder(path)}")
            told = True
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
    """The lock file's descriptor if the lock is ours now."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A holder may have removed the file between the two calls: then this is the lock of nothing.
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
        return f"{who}, which is under way" if _lives(holder["pid"]) else f"what {who}, which has died, had begun"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process, which has just begun"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
