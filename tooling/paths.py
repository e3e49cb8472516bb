"""Paths of the repository, the lane's directory and the cache. Creates nothing."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def local_directory() -> Path:
    """The lane's directory: `.local/` in the clone, or `TIERS_LOCAL_DIR`, so that two lanes can run side by side."""
    override = os.environ.get("TIERS_LOCAL_DIR")
    return Path(override).resolve() if override else REPOSITORY / ".local"


def worker_log(project: Path) -> Path:
    """Log of a project's worker: tracebacks, and what the program prints."""
    return local_directory() / "logs" / f"worker-{project.name}.log"


def cache_directory() -> Path:
    """Built binaries, shared by all clones of this user (XDG Base Directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "eks-platform"
