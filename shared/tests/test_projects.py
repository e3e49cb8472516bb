"""What the project files, `tiers.yaml` and the programs say of each other agrees."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared import contracts

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECTS = sorted(
    path.parent for pattern in ("*/Pulumi.yaml", "applications/*/Pulumi.yaml") for path in REPOSITORY.glob(pattern)
)
TIERS: list[dict[str, Any]] = yaml.safe_load((REPOSITORY / "tiers.yaml").read_text(encoding="utf-8"))["tiers"]
each_project = pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)


def project_file(project: Path) -> dict[str, Any]:
    return yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))


def programs(tier: dict[str, Any]) -> list[Path]:
    directory = REPOSITORY / tier["directory"]
    return [directory] if (directory / "Pulumi.yaml").exists() else [p for p in PROJECTS if p.parent == directory]


def modules(project: Path) -> list[Path]:
    return sorted(project.glob("*.py"))


def calls(path: Path, function: str) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) == function or getattr(node.func, "attr", None) == function)
    ]


def test_every_project_belongs_to_a_tier() -> None:
    assert sorted(project for tier in TIERS for project in programs(tier)) == PROJECTS
    assert {"infrastructure", "platform-addons", "tenants", "demo"} <= {project.name for project in PROJECTS}


@each_project
def test_a_project_is_named_after_its_directory(project: Path) -> None:
    assert project_file(project)["name"] == project.name
    assert project_file(project)["description"]


@each_project
def test_a_project_turns_default_providers_off(project: Path) -> None:
    assert project_file(project)["config"]["pulumi:disable-default-providers"] == {"value": ["*"]}


@each_project
def test_a_project_runs_in_the_one_environment_and_is_type_checked(project: Path) -> None:
    runtime = project_file(project)["runtime"]
    assert runtime["name"] == "python"
    assert runtime["options"]["toolchain"] == "pip"
    assert runtime["options"]["typechecker"] == "pyright"
    # Not resolved: a virtual environment may be a link to one elsewhere.
    assert os.path.normpath(project / runtime["options"]["virtualenv"]) == str(REPOSITORY / ".venv")


@each_project
def test_stack_files_hold_settings_of_their_project_and_of_known_environments(project: Path) -> None:
    environments = {path.stem for path in (REPOSITORY / "shared" / "environments").glob("*.yaml")}
    for path in project.glob("Pulumi.*.yaml"):
        assert path.name.split(".")[1] in environments, path
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert set(content) == {"config"}, path
        assert all(key.startswith(f"{project.name}:") for key in content["config"]), path


@each_project
def test_a_main_program_is_a_table_of_contents(project: Path) -> None:
    main = (project / "__main__.py").read_text(encoding="utf-8")
    assert len(main.splitlines()) < 60
    assert "__name__" not in main


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier["name"])
def test_a_tier_reads_the_contracts_of_the_tiers_that_it_names(tier: dict[str, Any]) -> None:
    for project in programs(tier):
        read: set[str] = set()
        for module in modules(project):
            for call in calls(module, "consume"):
                (contract,) = call.args
                assert isinstance(contract, ast.Name)
                read.add(getattr(contracts, contract.id).project)
        assert read == set(tier["reads"])


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier["name"])
def test_a_tier_looks_at_the_outputs_of_no_other_tier_than_it_names(tier: dict[str, Any]) -> None:
    by_project = {other["name"]: other for other in TIERS}
    for project in programs(tier):
        looked_at: set[str] = set()
        for module in modules(project):
            for call in calls(module, "published"):
                contract = call.args[0]
                assert isinstance(contract, ast.Name)
                looked_at.add(by_project[getattr(contracts, contract.id).project]["name"])
        assert looked_at - {*tier["reads"], tier["name"]} == set(tier.get("compares_with", ()))


def test_a_stack_reference_is_made_in_one_place() -> None:
    made = [
        str(path.relative_to(REPOSITORY))
        for directory in ("shared", "infrastructure", "platform-addons", "tenants", "applications")
        for path in (REPOSITORY / directory).rglob("*.py")
        if calls(path, "StackReference")
    ]
    assert made == ["shared/contracts/boundary.py"]


def test_providers_are_made_in_one_place_but_for_the_components_own() -> None:
    made = [
        str(path.relative_to(REPOSITORY))
        for directory in ("shared", "infrastructure", "platform-addons", "tenants", "applications")
        for path in (REPOSITORY / directory).rglob("*.py")
        if calls(path, "Provider") and "tests" not in path.parts
    ]
    assert sorted(made) == ["infrastructure/__main__.py", "shared/providers.py"]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_test_kit_is_imported_by_tests_only() -> None:
    """Tools and programs that execute a program without an engine use `shared.dry_runs`."""
    kit = REPOSITORY / "shared" / "testing"
    others = [
        path
        for path in REPOSITORY.rglob("*.py")
        if not path.relative_to(REPOSITORY).parts[0].startswith(".") and kit not in path.parents
        if "tests" not in path.parts and path.name != "conftest.py"
    ]
    assert kit.parent / "dry_runs" / "program.py" in others
    assert [path for path in others if "from shared.testing" in path.read_text(encoding="utf-8")] == []


def test_shared_imports_no_tier_and_no_tool() -> None:
    tier_modules = {module.stem for project in PROJECTS for module in modules(project)} - {"__main__"}
    for path in (REPOSITORY / "shared").rglob("*.py"):
        assert not imported(path) & (tier_modules | {"tooling"}), path


@each_project
def test_a_project_imports_shared_and_itself_only(project: Path) -> None:
    others = {module.stem for other in PROJECTS if other != project for module in modules(other)}
    own = {module.stem for module in modules(project)}
    for path in modules(project):
        assert not imported(path) & ((others - own) | {"tooling", "boto3"}), path


@pytest.mark.parametrize("name", ["catalog", "environment", "errors", "models", "naming", "tenant_file", "versions"])
def test_what_the_command_reads_imports_no_pulumi(name: str) -> None:
    assert not {module for module in imported(REPOSITORY / "shared" / f"{name}.py") if module.startswith("pulumi")}
