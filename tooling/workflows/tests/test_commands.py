"""`python -m tooling.workflows`: what a job is told, by its exit code and by what is handed on to its next steps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tooling.paths import REPOSITORY
from tooling.workflows.tests.conftest import TOKEN, FakeGithub

pytestmark = pytest.mark.process


def run(github: FakeGithub, tmp_path: Path, *arguments: str, run_id: int = 1001) -> subprocess.CompletedProcess[str]:
    variables = {
        **os.environ,
        "GITHUB_REPOSITORY": "example/platform",
        "GITHUB_RUN_ID": str(run_id),
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_API_URL": github.url,
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }
    command = [sys.executable, "-m", "tooling.workflows", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True)


@pytest.mark.parametrize(("newer", "proceed"), [("queued", "true"), ("success", "false")])
def test_turn_tells_the_next_steps_whether_to_go_on(
    github: FakeGithub, tmp_path: Path, newer: str, proceed: str
) -> None:
    github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    github.add_run("tenants", "bbb", up_dev=newer)
    done = run(github, tmp_path, "turn", "--tier", "tenants", "--stack", "dev", "--wait-minutes", "0")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text() == f"proceed={proceed}\n"


def test_a_refusal_ends_with_3_and_hands_nothing_on(github: FakeGithub, tmp_path: Path) -> None:
    github.add_run("infrastructure", "aaa", conclusion="failure", up_dev="failure")
    github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    done = run(github, tmp_path, "turn", "--tier", "tenants", "--stack", "dev", "--wait-minutes", "0", run_id=1002)
    assert done.returncode == 3
    assert done.stderr.startswith("error[upstream-failed]")
    assert not (tmp_path / "output").exists()
    assert TOKEN not in done.stdout + done.stderr


def test_an_unknown_environment_ends_with_2(github: FakeGithub, tmp_path: Path) -> None:
    done = run(github, tmp_path, "turn", "--tier", "tenants", "--stack", "devv", "--wait-minutes", "0")
    assert done.returncode == 2
    assert 'did you mean "dev"?' in done.stderr


def test_outside_of_a_job_it_says_what_is_missing() -> None:
    command = [sys.executable, "-m", "tooling.workflows", "required", "--wait-minutes", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "GITHUB_REPOSITORY is not set" in done.stderr
