"""What the operating system refuses, in the words of a person who has to fix it."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from shared.errors import PlatformError

MEBIBYTE = 1024**2
_AGAIN = "run the same command again; what was done is kept"


def from_os_error(error: OSError) -> PlatformError:
    """An error for a file, a directory or a process that the system would not let us have."""
    where = str(error.filename or "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PlatformError(
            "disk-full", "the disk is full", at=where, hint=f"free some space (df -h .local ~/.cache), and {_AGAIN}"
        )
    if error.errno == errno.EROFS:
        return PlatformError(
            "read-only",
            "the file system can only be read",
            at=where,
            hint="let the lane and its stacks live elsewhere: export TIERS_LOCAL_DIR=/path/that/can/be/written\n"
            "and the cache of programs, if that is what cannot be written: export XDG_CACHE_HOME=/path/of/another",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return PlatformError(
            "not-allowed",
            f"the system does not allow it: {error.strerror}",
            at=where,
            hint=f"look who owns it: ls -ld {where}" if where else "",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
        return PlatformError(
            "resources-exhausted",
            f"the system has no more to give: {error.strerror}",
            at=where,
            hint=f"end other programs or raise the limits (ulimit -n, free -h), and {_AGAIN}",
        )
    return PlatformError("system-error", f"{type(error).__name__}: {error.strerror or error}", at=where, hint=_AGAIN)


def check_space(directory: Path, needed_bytes: int) -> None:
    """Before work begins that a full disk would leave half done, and that would say so late: etcd ends with a traceback
    in its log, and the engine tries to write its state for two minutes.

    Raises:
        PlatformError: `disk-full`.
    """
    existing = next(parent for parent in (directory, *directory.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise PlatformError(
            "disk-full",
            f"{free // MEBIBYTE} MiB are free, and {needed_bytes // MEBIBYTE} MiB are needed",
            at=str(existing),
            hint="free some space there, or let TIERS_LOCAL_DIR name a directory on another disk, "
            "and run the same command again; what there is stays as it is",
        )
