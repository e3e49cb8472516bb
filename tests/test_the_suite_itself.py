"""Tests that never run are worse than none."""

from __future__ import annotations

import ast
import functools
import os
from pathlib import Path

import pytest

from tooling.paths import REPOSITORY

pytestmark = pytest.mark.xdist_group("parsed files")

_SKIPPED = {".venv", ".local", ".git", "__pycache__"}


@functools.cache
def parsed_files() -> dict[Path, ast.Module]:
    """Every Python file of the repository, parsed."""
    parsed = {}
    for directory, below, names in os.walk(REPOSITORY):
        # The virtual environment holds twenty thousand files.
        below[:] = sorted(set(below) - _SKIPPED)
        for path in (Path(directory, name) for name in sorted(names) if name.endswith(".py")):
            parsed[path] = ast.parse(path.read_text(encoding="utf-8"))
    return parsed


def test_every_test_function_is_in_a_file_that_is_collected() -> None:
    lost = [
        f"{path.relative_to(REPOSITORY)}::{node.name}"
        for path, tree in parsed_files().items()
        if not path.name.startswith("test_")
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert lost == []


def test_no_two_tests_of_a_file_bear_one_name() -> None:
    for path, tree in parsed_files().items():
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        twice = {name for name in names if names.count(name) > 1 and name.startswith("test_")}
        assert not twice, f"{path}: {twice}"


@pytest.mark.parametrize(
    "name", ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "KUBECONFIG", "PULUMI_ACCESS_TOKEN", "HTTPS_PROXY"]
)
def test_the_environment_of_a_test_is_washed(name: str) -> None:
    assert name not in os.environ


def test_layers_import_downwards_only() -> None:
    """`shared` imports no tier and no tooling; tiers import `shared` and themselves."""
    for path, tree in parsed_files().items():
        parts = path.relative_to(REPOSITORY).parts
        if "tests" in parts or parts[0] in ("tooling", "tests", "conftest.py"):
            continue
        for node in ast.walk(tree):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for module in modules:
                assert module.split(".")[0] != "tooling", f"{path} imports {module}"


@pytest.mark.parametrize("module", ["shared/errors.py", "shared/versions.py", "shared/environment_variables.py"])
def test_the_bottom_of_the_pile_imports_the_standard_library_only(module: str) -> None:
    tree = ast.parse((REPOSITORY / module).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {"__future__", "collections", "dataclasses", "datetime", "difflib", "enum"}, imported
