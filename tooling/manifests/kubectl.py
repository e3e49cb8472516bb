"""`kubectl` of this repository's environment, with an explicit kubeconfig or none."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from shared.errors import BadInput


@dataclass(frozen=True)
class Finished:
    exit_code: int
    stdout: str
    stderr: str


def kubectl(*arguments: str, kubeconfig: Path | None = None, stdin: str | None = None) -> Finished:
    """Runs kubectl. Without `kubeconfig` it reaches no cluster: neither the user's own file nor a variable is read."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "kubectl"), *arguments],
        env={**os.environ, "KUBECONFIG": str(kubeconfig or os.devnull)},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def built(directory: Path, *, at: str) -> str:
    """The objects of a kustomize directory, as YAML. kustomize reads nothing outside the directory's root.

    Raises:
        BadInput: `kustomize-failed`.
    """
    done = kubectl("kustomize", str(directory))
    if done.exit_code:
        raise BadInput(
            "kustomize-failed",
            f"kustomize cannot build {at}: {_first_line(done.stderr)}",
            at=at,
            hint=f"kubectl kustomize {at}",
        )
    return done.stdout


def _first_line(text: str) -> str:
    lines = [line.removeprefix("error: ") for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "it said nothing"
