"""What is missing is said before a step begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from shared.environment import load_environment
from shared.errors import BadInput
from tooling.guide.prerequisites import kubectl, require_docker, require_repository
from tooling.guide.settings import GuideSettings
from tooling.guide.tour import Tour
from tooling.paths import REPOSITORY


def test_it_runs_anywhere_inside_the_repository() -> None:
    require_repository(REPOSITORY)
    require_repository(REPOSITORY / "applications")


def test_another_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        require_repository(tmp_path)
    assert refused.value.code == "guide-elsewhere"
    assert refused.value.hint == f"cd {REPOSITORY}"


def test_a_missing_kubectl_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_ACCOUNT_ID", "123456789012")
    tour = Tour(settings=GuideSettings(), environment=load_environment("dev"), tenant="tenant-a", console=Console())
    assert kubectl(tour, which=lambda name: f"/usr/bin/{name}") == "/usr/bin/kubectl"
    with pytest.raises(BadInput) as refused:
        kubectl(tour, which=lambda _: None)
    assert refused.value.code == "kubectl-missing"


def test_a_missing_docker_is_named() -> None:
    with pytest.raises(BadInput) as refused:
        require_docker(which=lambda _: None)
    assert refused.value.code == "docker-missing"


@pytest.mark.process
def test_a_docker_that_does_not_run_says_why(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)
    with pytest.raises(BadInput) as refused:
        require_docker(which=lambda _: str(docker))
    assert refused.value.code == "docker-not-running"
    assert "Cannot connect to the Docker daemon" in refused.value.what
    docker.write_text("#!/bin/sh\nexit 0\n")
    require_docker(which=lambda _: str(docker))
