"""Installs the engine with Pulumi's own installer, on a machine that has the cluster's programs but no Go."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from shared.errors import PlatformError
from tooling.lane.progress import Progress

INSTALLER = "https://get.pulumi.com"
"""Source: pulumi.com/docs/iac/download-install; a shell script that takes a version and a directory."""


def install(version: str, destination: Path, progress: Progress, *, source: str = INSTALLER) -> None:
    """Installs the released engine, with its language plug-ins, into `destination`.

    Raises:
        PlatformError: the script could not be fetched, or did not end well.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".building-", dir=destination.parent) as directory,
        progress.task(f"installing Pulumi {version} with its own installer"),
    ):
        script = Path(directory) / "install.sh"
        script.write_bytes(_fetch(source))
        root = Path(directory) / "root"
        answer = subprocess.run(
            ["sh", str(script), "--version", version, "--install-root", str(root), "--no-edit-path"],
            env={**os.environ, "HOME": directory},  # keep the user's own installation untouched
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if answer.returncode != 0 or not os.access(root / "bin" / "pulumi", os.X_OK):
            raise _error(f"Pulumi's installer exited with status {answer.returncode} and installed no engine", version)
        shutil.rmtree(destination, ignore_errors=True)
        (root / "bin").rename(destination)


def _fetch(source: str) -> bytes:
    try:
        with urllib.request.urlopen(source, timeout=60) as answer:  # noqa: S310 - our own constant, https
            return answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise _error("Pulumi's installer could not be downloaded", "") from error


def _error(what: str, version: str) -> PlatformError:
    wanted = f"Pulumi {version}".strip()
    return PlatformError(
        "engine-not-installed",
        what,
        at="",
        hint=f"install {wanted} or newer yourself (pulumi.com/docs/iac/download-install) and put it on PATH, "
        "or install Go, and run the same command again",
    )
