"""A new application passes every check at once: what `make check` and the repository's own tests would say of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chain.clone import Clone
from tooling.lane.environments import washed
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("new applications")]

NEW = {
    "a-shop-whose-name-has-forty-characters-x": ("tenant-b", []),
    "parcels": ("tenant-c", ["--worker"]),
    "report": ("tenant-a", ["--cron"]),
}
"""Name of each new application, one as long as may be: its tenant, and options."""
DISCOVERING = (
    "shared/tests/test_projects.py",
    "shared/tests/test_every_resource.py",
    "shared/policies/tests/test_programs.py",
    "shared/tests/test_pages.py",
    "tests/documentation/test_links.py",
    "tests/test_the_suite_itself.py",
    "tooling/images/tests/test_dockerfiles.py",
    "tooling/images/tests/test_requirements.py",
    "tooling/runner/tests/test_order_of_stacks.py",
    "tooling/workflows/tests/test_code_owners.py",
)
"""Tests of the repository that look at every application, or at every file."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with one new application of each kind."""
    clone = Clone(tmp_path_factory.mktemp("new"))
    # Not the repository's own: a project names it relative to its directory.
    (clone.path / ".venv").symlink_to(REPOSITORY / ".venv")
    for name, (tenant, options) in NEW.items():
        clone.tiers("app", "new", name, "--tenant", tenant, *options)
    clone.git("add", "--all")
    return clone


def run(clone: Clone, *command: str) -> subprocess.CompletedProcess[str]:
    variables = {**washed(), "PYTHONPATH": str(clone.path), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=clone.path,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "format", "--check", "applications"),
        ("ruff", "check", "applications"),
        ("pyright", "--project", ".", *(f"applications/{name}" for name in NEW)),
        ("python", "-m", "tooling.generated", "verify"),
        ("python", "-m", "tooling.golden", "verify"),
        ("python", "-m", "tooling.workflows", "verify"),
    ],
    ids=" ".join,
)
def test_a_static_check_finds_nothing(clone: Clone, command: tuple[str, ...]) -> None:
    done = run(clone, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_own_tests_and_those_of_the_repository_pass(clone: Clone) -> None:
    own = [f"applications/{name}" for name in NEW]
    done = run(clone, "python", "-m", "pytest", "-q", "-m", "not lane", *own, *DISCOVERING)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_has_an_owner_a_repository_and_a_row_of_its_own(clone: Clone) -> None:
    owners = (clone.path / ".github/CODEOWNERS").read_text()
    page = (clone.path / "applications/README.md").read_text()
    for name, (tenant, _) in NEW.items():
        assert f"/applications/{name}/ @example/" in owners
        assert f"| [`{name}/`]({name}/README.md) |" in page
        assert name in (clone.path / f"tenants/catalog/{tenant}.yaml").read_text()


def test_the_graph_has_its_stacks_in_every_environment_of_its_tenant(clone: Clone) -> None:
    for environment in ("local", "dev", "staging", "prod"):
        stacks = clone.tiers("graph", "--stack", environment, "--json").document["stacks"]
        reads = {stack["stack"]: stack["reads"] for stack in stacks}
        for name, (tenant, _) in NEW.items():
            assert reads[f"{name}/{environment}"] == [f"tenants/{environment}.{tenant}"]


def test_a_failed_generation_leaves_nothing_of_it(clone: Clone) -> None:
    broken = clone.path / "applications/report/settings.py"
    before, status = broken.read_text(), clone.git("status", "--porcelain")
    broken.write_text("class\n")
    try:
        refused = clone.tiers("app", "new", "other", "--tenant", "tenant-a", "--json", expect=1)
    finally:
        broken.write_text(before)
    assert json.loads(refused.stdout)["error"]["code"] == "generation-failed"
    assert clone.git("status", "--porcelain") == status
