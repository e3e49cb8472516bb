"""Makes an environment the current context of the user's own kubeconfig, as `aws eks update-kubeconfig` does."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from shared.errors import PlatformError


def user_kubeconfig(variables: Mapping[str, str]) -> Path:
    """The file that kubectl writes to: the first of `KUBECONFIG`, or `~/.kube/config`."""
    named = [entry for entry in variables.get("KUBECONFIG", "").split(os.pathsep) if entry]
    return Path(named[0]) if named else Path(variables.get("HOME", "~")).expanduser() / ".kube" / "config"


def merge(kubectl: str, addition: str, target: Path) -> str:
    """Adds the clusters, users and contexts of `addition` to `target`; its current context becomes the file's.

    kubectl itself merges: entries of the same name are replaced, others are kept. The file is replaced atomically.

    Args:
        addition: text of a kubeconfig.

    Returns:
        The name of the context.

    Raises:
        PlatformError: `kubeconfig-unusable`, if kubectl cannot read `target`.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tiers-") as name:
        added = Path(name) / "config"
        _write(added, addition)
        # The first file wins where both have an entry, and decides the current context.
        merged = _kubectl(kubectl, [added, target], "config", "view", "--flatten", "--raw", at=target)
        complete = Path(name) / "merged"
        _write(complete, merged)
        context = _kubectl(kubectl, [complete], "config", "current-context", at=target).strip()
        complete.replace(target.resolve())
    return context


def _write(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def _kubectl(kubectl: str, files: list[Path], *arguments: str, at: Path) -> str:
    environment = {**os.environ, "KUBECONFIG": os.pathsep.join(map(str, files))}
    done = subprocess.run([kubectl, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise PlatformError(
            "kubeconfig-unusable",
            f"kubectl cannot merge it: {done.stderr.strip().rpartition(chr(10))[2]}",
            at=str(at),
            hint="repair or move the file, or name another one with KUBECONFIG",
        )
    return done.stdout
