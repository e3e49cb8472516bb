"""Writes a file as a whole, so that a reader or a killed run never sees a part of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Replaces the content of `path`, which may be a link, or creates the file; its directory must exist.

    Args:
        private: only the owner may read it. Otherwise an existing file keeps its permissions.
    """
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        unfinished.chmod(0o600 if private else target.stat().st_mode & 0o777 if target.exists() else 0o644)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
