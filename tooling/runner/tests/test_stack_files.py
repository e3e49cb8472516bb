"""Generated stack files: what the engine wrote stays, what a person changed arrives, the clone stays clean."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from shared.errors import BadInput
from tooling.paths import REPOSITORY
from tooling.runner.graph import StackId, environment_graph, select
from tooling.runner.project_files import stack_file
from tooling.runner.stack_files import generated_work_dir


def stack(tier: str, tenant: str | None = None) -> StackId:
    return select(environment_graph("local"), tiers=[tier], tenants=[tenant] if tenant else ())[0]


KEY = {"secretsprovider": "awskms://alias/a", "encryptedkey": "c2VhbGVk"}


def test_the_generated_directory_holds_project_and_stack_file(tmp_path: Path) -> None:
    directory = generated_work_dir(stack("infrastructure"), tmp_path)
    project = yaml.safe_load((directory / "Pulumi.yaml").read_text())
    assert project["name"] == "infrastructure"
    assert project["config"]["pulumi:disable-default-providers"] == {"value": ["*"]}
    config = yaml.safe_load((directory / "Pulumi.local.yaml").read_text())["config"]
    assert config["infrastructure:protect"] == "false"


def test_the_generated_project_finds_program_and_python_environment(tmp_path: Path) -> None:
    project = yaml.safe_load((generated_work_dir(stack("infrastructure"), tmp_path) / "Pulumi.yaml").read_text())
    assert (Path(project["main"]) / "__main__.py").is_file()
    assert (Path(project["runtime"]["options"]["virtualenv"]) / "bin/python").exists()


def test_a_tenants_stack_has_a_file_of_its_own(tmp_path: Path) -> None:
    directory = generated_work_dir(stack("tenants", "tenant-b"), tmp_path)
    assert (directory / "Pulumi.local.tenant-b.yaml").exists()


def test_what_the_engine_wrote_survives(tmp_path: Path) -> None:
    directory = generated_work_dir(stack("infrastructure"), tmp_path)
    file = directory / "Pulumi.local.yaml"
    file.write_text("encryptionsalt: v1:abc\nconfig: {infrastructure:protect: true}\n")
    generated_work_dir(stack("infrastructure"), tmp_path, key=KEY)
    content = yaml.safe_load(file.read_text())
    assert content["encryptionsalt"] == "v1:abc"
    assert not KEY.keys() & content.keys()
    assert content["config"]["infrastructure:protect"] == "false"


def test_a_new_stack_gets_the_key_of_its_lane(tmp_path: Path) -> None:
    directory = generated_work_dir(stack("infrastructure"), tmp_path, key=KEY)
    content = yaml.safe_load((directory / "Pulumi.local.yaml").read_text())
    assert {name: content[name] for name in KEY} == KEY


def test_without_one_the_key_is_left_to_the_state(tmp_path: Path) -> None:
    """A key kept in a clone outlives a change of the stack's secrets provider, and is missing in every other clone."""
    file = generated_work_dir(stack("infrastructure"), tmp_path) / "Pulumi.local.yaml"
    file.write_text("secretsprovider: awskms://alias/old\nencryptedkey: abc\n")
    generated_work_dir(stack("infrastructure"), tmp_path)
    assert set(yaml.safe_load(file.read_text())) == {"config"}


def test_an_unchanged_file_is_left_alone(tmp_path: Path) -> None:
    directory = generated_work_dir(stack("infrastructure"), tmp_path)
    before = (directory / "Pulumi.yaml").stat().st_mtime_ns
    generated_work_dir(stack("infrastructure"), tmp_path)
    assert (directory / "Pulumi.yaml").stat().st_mtime_ns == before
    assert sorted(path.name for path in directory.iterdir()) == ["Pulumi.local.yaml", "Pulumi.yaml"]


def written_by_the_engine(directory: Path, line: str) -> Path:
    """A project of the settings of tier 1, with one line of configuration."""
    project = directory / "infrastructure"
    project.mkdir()
    for name in ("Pulumi.yaml", "settings.py"):
        shutil.copy(REPOSITORY / "infrastructure" / name, project)
    (project / "Pulumi.dev.yaml").write_text(f"config:\n  infrastructure:{line}\n")
    return project


@pytest.mark.parametrize(
    "line",
    [
        'min_size: "3"',
        'protect: "true"',
        """public_access_cidrs: '["10.0.0.0/8"]'""",
        """node_groups: '{"a": {"min_size": 1}}'""",
        'kubernetes_version: "1.35"',
    ],
)
def test_a_value_that_the_engine_wrote_as_text_is_what_it_says(line: str, tmp_path: Path) -> None:
    project = written_by_the_engine(tmp_path, line)
    assert stack_file(project, "dev", "dev")["config"].keys() == {f"infrastructure:{line.partition(':')[0]}"}


@pytest.mark.parametrize("line", ['min_size: "many"', 'min_size: "true"', 'protect: "1"', 'node_groups: "[]"'])
def test_a_text_that_says_something_else_is_refused(line: str, tmp_path: Path) -> None:
    project = written_by_the_engine(tmp_path, line)
    with pytest.raises(BadInput) as refused:
        stack_file(project, "dev", "dev")
    assert refused.value.code == "settings-invalid"
