"""Committed stack files are in the form in which the engine writes them: what it adds is its key, and nothing else."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tooling.lane.binaries import ensure, search_path
from tooling.lane.environments import washed
from tooling.lane.progress import progress_on
from tooling.paths import REPOSITORY

pytestmark = pytest.mark.engine

FILES = sorted(
    path for pattern in ("*/Pulumi.*.yaml", "applications/*/Pulumi.*.yaml") for path in REPOSITORY.glob(pattern)
)


def test_there_are_stack_files() -> None:
    assert len(FILES) >= 5


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(REPOSITORY)) for file in FILES])
def test_the_engine_adds_its_key_alone(file: Path, tmp_path: Path) -> None:
    ensure(progress_on())
    project = tmp_path / file.parent.name
    project.mkdir()
    shutil.copy(file.parent / "Pulumi.yaml", project)
    shutil.copy(file, project)
    (tmp_path / "state").mkdir()
    kept = washed()
    variables = {
        **kept,
        "PATH": os.pathsep.join([*search_path(), kept["PATH"]]),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    subprocess.run(
        ["pulumi", "stack", "init", stack, "--non-interactive"],
        cwd=project,
        env=variables,
        check=True,
        capture_output=True,
    )
    before, after = file.read_text().splitlines(), (project / file.name).read_text().splitlines()
    changes = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert [line.partition(":")[0] for line in changes] == ["+ encryptionsalt"], changes
