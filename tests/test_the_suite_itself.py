"""Tests that never run are worse than none."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tooling.paths import REPOSITORY


def python_files() -> list[Path]:
    skipped = {".venv", ".local"}
    return [path for path in REPOSITORY.rglob("*.py") if not skipped & set(path.relative_to(REPOSITORY).parts)]


def test_every_test_function_is_in_a_file_that_is_collected() -> None:
    lost = [
        f"{path.relative_to(REPOSITORY)}::{node.name}"
        for path in python_files()
        if not path.name.startswith("test_")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert lost == []


def test_no_two_tests_of_a_file_bear_one_name() -> None:
    for path in python_files():
        names = [
            node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
        ]
        twice = {name for name in names if names.count(name) > 1 and name.startswith("test_")}
        assert not twice, f"{path}: {twice}"


@pytest.mark.parametrize(
    "name", ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "KUBECONFIG", "PULUMI_ACCESS_TOKEN", "HTTPS_PROXY"]
)
def test_the_environment_of_a_test_is_washed(name: str) -> None:
    assert name not in os.environ


def test_layers_import_downwards_only() -> None:
    """`shared` imports no tier and no tooling; tiers import `shared` and themselves."""
    for path in python_files():
        parts = path.relative_to(REPOSITORY).parts
        if "tests" in parts or parts[0] in ("tooling", "tests", "conftest.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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
