"""Every make target, command and output on a page exists, and the README's commands are run by tests."""

from __future__ import annotations

import ast
import dataclasses
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
import typer

from shared.contracts import Infrastructure
from tests.documentation.pages import PAGES, README, console_lines, identifier
from tooling.cli.main import app
from tooling.guide.steps import STEPS
from tooling.paths import REPOSITORY


def make_targets() -> set[str]:
    text = (REPOSITORY / "Makefile").read_text()
    named = {target for line in re.findall(r"^\.PHONY: (.+)$", text, flags=re.MULTILINE) for target in line.split()}
    of_the_guide = (
        {f"guide-{step.name}" for step in STEPS} if re.search(r"^guide-%:", text, flags=re.MULTILINE) else set()
    )
    return set(re.findall(r"^([a-z][a-z-]*):", text, flags=re.MULTILINE)) | named | of_the_guide


@pytest.mark.parametrize("page", PAGES, ids=identifier)
def test_every_make_target_exists(page: Path) -> None:
    known = make_targets()
    for target in re.findall(r"(?:`|\$ )make ([a-z][a-z-]*)", page.read_text(encoding="utf-8")):
        assert target in known, f"{page.name} names make {target}"


@pytest.mark.parametrize("page", PAGES, ids=identifier)
def test_every_tiers_command_is_accepted(page: Path) -> None:
    command = typer.main.get_command(app)
    for line in console_lines(page):
        for part in re.split(r"&&|\||>", line):
            words = shlex.split(part)
            if words[:1] != ["tiers"]:
                continue
            current, arguments, context = command, words[1:], typer.Context(command, info_name="tiers")
            # `tiers guide` is a command and a group.
            while hasattr(current, "commands") and arguments and not arguments[0].startswith("-"):
                name = arguments.pop(0)
                assert name in current.commands, f"{page.name}: tiers {name}"  # type: ignore[attr-defined]
                current = current.commands[name]  # type: ignore[attr-defined]
            current.make_context("tiers", [a for a in arguments if not a.startswith("<")], parent=context)


@pytest.mark.parametrize("page", PAGES, ids=identifier)
def test_every_tiers_command_in_a_sentence_exists(page: Path) -> None:
    """Commands in backticks and in shell blocks are often incomplete, so only their names and options are checked."""
    text = page.read_text(encoding="utf-8")
    for line in re.findall(r"`tiers ([^`]+)`", text) + re.findall(r"^tiers (.+)$", text, flags=re.MULTILINE):
        current = typer.main.get_command(app)
        words = re.split(r"&&|\||>", line)[0].split()
        while words and hasattr(current, "commands"):
            name = words.pop(0)
            assert name in current.commands, f"{page.name}: tiers {line}"  # type: ignore[attr-defined]
            current = current.commands[name]  # type: ignore[attr-defined]
        known = {option for parameter in current.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known, f"{page.name}: tiers {line}"


@pytest.mark.parametrize("page", PAGES, ids=identifier)
def test_every_output_of_the_infrastructure_exists(page: Path) -> None:
    names = {field.name for field in dataclasses.fields(Infrastructure)} | {"contract_version"}
    for name in re.findall(r"pulumi stack output ([a-z_]+)", page.read_text(encoding="utf-8")):
        assert name in names, f"{page.name} names the output {name}"


def test_the_readme_names_its_two_commands() -> None:
    assert console_lines(README)[:2] == ["make local-up", "make test"]


def test_ci_runs_the_readmes_test_command() -> None:
    assert "exec make test\n" in (REPOSITORY / ".ci/run").read_text(encoding="utf-8")


def dry_run(command: str) -> list[str]:
    """The commands that a make target runs, after its set-up."""
    shown = subprocess.run(
        [*shlex.split(command), "--dry-run"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return [part.strip() for line in shown.stdout.splitlines() for part in line.split("&&") if ".venv/bin/" in part]


def commands_of_the_readme() -> list[list[str]]:
    """What its `tiers` and `kubectl` lines run, those of `make` included, without redirections."""
    lines = [part for line in console_lines(README) if line != "make test" for part in _expanded(line)]
    return [shlex.split(line.split(">")[0].replace(".venv/bin/", "")) for line in lines]


def _expanded(line: str) -> list[str]:
    return dry_run(line) if line.startswith("make ") else [line]


@cache
def calls_in_tests() -> dict[str, list[list[str]]]:
    """The literal words of each call of `Clone.tiers` and `Clone.kubectl` in the tests that use a lane."""
    found: dict[str, list[list[str]]] = {"tiers": [], "kubectl": []}
    for path in (REPOSITORY / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in found:
                found[node.func.attr].append(list(_words(node.args)))
    return found


def _words(nodes: Sequence[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("command", commands_of_the_readme(), ids=" ".join)
def test_every_command_of_the_readme_is_run_by_a_test(command: list[str]) -> None:
    program, *words = command
    if program == "kubectl":
        assert words[0] == "--kubeconfig", "the README's kubectl must not touch the reader's own cluster"
        words = words[2:]
    assert program in calls_in_tests(), f"{program} is not a program that the tests run"
    assert any(_arguments(words) == _arguments(call) for call in calls_in_tests()[program]), (
        f"no test runs {' '.join(command)}: add one, or remove the command from the README"
    )


def _arguments(words: Sequence[str]) -> list[str]:
    """In any order; without the answer that a person gives at the prompt."""
    return sorted(word for word in words if word != "--yes")


def test_nothing_committed_is_ignored() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert listed.stdout == ""
