"""Where things lie: the repository, the lane's directory, the cache. Nothing is created here."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def local_directory() -> Path:
    """The lane's directory: `.local/` in the clone, or what `TIERS_LOCAL_DIR` names, so that two lanes can run."""
    override = os.environ.get("TIERS_LOCAL_DIR")
    return Path(override).resolve() if override else REPOSITORY / ".local"


def worker_log(project: Path) -> Path:
    """What the worker of a project writes that is no message: tracebacks, and what a program prints."""
    return local_directory() / "logs" / f"worker-{project.name}.log"


def cache_directory() -> Path:
    """Built binaries, shared by all clones of this user (XDG Base Directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "eks-platform"
