"""Disk space reserved during an operation, and released when the disk becomes full.

The engine damages a state that it cannot write: after some retries it leaves an empty file (seen with 3.259 on a file
backend). Releasing the ballast frees enough space for its next retry and the rest of the operation.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tooling.system_errors import MEBIBYTE

BALLAST_BYTES = 24 * MEBIBYTE
"""A state is about 300 KB, written again for every resource beside its predecessor; histories stay. An estimate."""

_NEARLY_FULL_BYTES = 4 * MEBIBYTE
_POLL_SECONDS = 0.2


@contextmanager
def ballast(directory: Path) -> Iterator[None]:
    """Holds `BALLAST_BYTES` in `directory` until the block ends or the disk is nearly full."""
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
