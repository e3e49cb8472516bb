"""Errors of the operating system, with a hint for the person who has to fix them."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from shared.errors import PlatformError

MEBIBYTE = 1024**2
_AGAIN = "run the same command again; what was done is kept"


def from_os_error(error: OSError) -> PlatformError:
    """The `PlatformError` for a failed system call on a file, a directory or a process."""
    where = str(error.filename or "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PlatformError(
            "disk-full", "the disk is full", at=where, hint=f"free some space (df -h .local ~/.cache), and {_AGAIN}"
        )
    if error.errno == errno.EROFS:
        return PlatformError(
            "read-only",
            "the file system is read-only",
            at=where,
            hint="keep the lane and its stacks on a writable disk: export TIERS_LOCAL_DIR=/path/to/writable/directory\n"
            "if the cache is what cannot be written, move it: export XDG_CACHE_HOME=/path/to/writable/directory",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return PlatformError(
            "not-allowed",
            f"the operating system refuses access: {error.strerror}",
            at=where,
            hint=f"check its owner and mode: ls -ld {where}" if where else "",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
        return PlatformError(
            "resources-exhausted",
            f"the operating system is out of resources: {error.strerror}",
            at=where,
            hint=f"stop other programs or raise the limits (check with ulimit -n and free -h), and {_AGAIN}",
        )
    return PlatformError("system-error", f"{type(error).__name__}: {error.strerror or error}", at=where, hint=_AGAIN)


def check_space(directory: Path, needed_bytes: int) -> None:
    """Checks for free space before work that a full disk would interrupt half-way, with a late and unclear error: etcd
    ends with a traceback in its log, and the engine tries to write its state for two minutes.

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
            hint="free some space there, or set TIERS_LOCAL_DIR to a directory on another disk, "
            "and run the same command again; existing files are kept",
        )
