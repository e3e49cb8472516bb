"""What has to be in place before a step of the guided tour: checked first, so that no step fails half-way for it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from shared.errors import BadInput
from tooling.guide.steps import Step
from tooling.guide.tour import Tour
from tooling.lane.binaries import binary
from tooling.paths import REPOSITORY
from tooling.runner.aws_account import require_account


def check(step: Step, tour: Tour) -> None:
    """Everything that `step` needs.

    Raises:
        PlatformError: as the functions below.
    """
    if not tour.is_local:
        require_account(tour.environment)
    if step.needs_kubectl:
        kubectl(tour)
    if step.builds_image and not tour.is_local:
        require_docker()


def require_repository(directory: Path) -> None:
    """Refuses to run from another clone than the one that `tiers` belongs to: its files would not be the ones changed.

    Raises:
        BadInput: `guide-elsewhere`.
    """
    if not directory.resolve().is_relative_to(REPOSITORY):
        raise BadInput(
            "guide-elsewhere",
            "the guided tour changes files of the repository and runs inside it",
            at=str(directory),
            hint=f"cd {REPOSITORY}",
        )


def kubectl(tour: Tour, *, which: Callable[[str], str | None] = shutil.which) -> str:
    """Path of `kubectl`: the lane's own, or the one on PATH.

    Raises:
        BadInput: `kubectl-missing`.
    """
    if tour.is_local:
        return str(binary("kubectl"))
    found = which("kubectl")
    if found is None:
        raise BadInput(
            "kubectl-missing",
            "kubectl is not on PATH",
            at="PATH",
            hint="install it: https://kubernetes.io/docs/tasks/tools/",
        )
    return found


def require_docker(*, which: Callable[[str], str | None] = shutil.which) -> None:
    """A Docker that runs, for steps that build an image.

    Raises:
        BadInput: `docker-missing`, `docker-not-running`.
    """
    docker = which("docker")
    if docker is None:
        raise BadInput(
            "docker-missing",
            "an image has to be built, and docker is not on PATH",
            at="PATH",
            hint="install it: https://docs.docker.com/get-docker/",
        )
    asked = subprocess.run([docker, "info"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if asked.returncode != 0:
        reason = asked.stderr.strip().rpartition("\n")[2]
        raise BadInput(
            "docker-not-running",
            f"an image has to be built, and docker does not run: {reason or f'exit code {asked.returncode}'}",
            at=docker,
            hint="start it, and check with: docker info",
        )
