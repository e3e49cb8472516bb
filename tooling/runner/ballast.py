"""Disk space put aside for the length of an operation, and given up when the disk becomes full in the middle of it.

The engine damages a state that it cannot write: after some tries it leaves an empty file (seen with 3.259 on a file
backend). With the ballast gone there is room again before its next try, and enough to bring the operation to its end.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tooling.system_errors import MEBIBYTE

BALLAST_BYTES = 24 * MEBIBYTE
"""A state is some 300 KB, written anew for every resource beside its predecessor; histories stay. Picked by feeling."""

_NEARLY_FULL_BYTES = 4 * MEBIBYTE
_POLL_SECONDS = 0.2


@contextmanager
def ballast(directory: Path) -> Iterator[None]:
    """Holds `BALLAST_BYTES` in `directory` as long as the block lasts or the disk has room."""
    file = directory / "ballast"
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_POLL_SECONDS):
            if shutil.disk_usage(directory).free < _NEARLY_FULL_BYTES:
                file.unlink(missing_ok=True)
                return

    file.write_bytes(bytes(BALLAST_BYTES))
    watcher = threading.Thread(target=watch, name="disk space", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        file.unlink(missing_ok=True)
