"""Every path, make target, command and output that a page names exists."""

from __future__ import annotations

import dataclasses
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer

from shared.contracts import Infrastructure
from tooling.cli.main import app
from tooling.paths import REPOSITORY

PAGES = sorted(
    path
    for path in REPOSITORY.rglob("*.md")
    if not {".venv", ".local", ".pytest_cache", "node_modules"} & set(path.relative_to(REPOSITORY).parts)
)
IDS = [str(page.relative_to(REPOSITORY)) for page in PAGES]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)) | {
        target
        for line in re.findall(r"^\.PHONY: (.+)$", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)
        for target in line.split()
    }


def console_lines(page: Path) -> list[str]:
    """Commands in the page's console blocks, without their comments."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [
        line[2:].split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]


def test_there_are_pages_to_check() -> None:
    assert REPOSITORY / "README.md" in PAGES
    assert len(PAGES) > 10


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_make_target_exists(page: Path) -> None:
    known = make_targets()
    for target in re.findall(r"(?:`|\$ )make ([a-z][a-z-]*)", page.read_text(encoding="utf-8")):
        assert target in known, f"{page.name} names make {target}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_tiers_command_is_accepted(page: Path) -> None:
    command = typer.main.get_command(app)
    for line in console_lines(page):
        for part in re.split(r"&&|\||>", line):
            words = shlex.split(part)
            if words[:1] != ["tiers"]:
                continue
            current, arguments, context = command, words[1:], typer.Context(command, info_name="tiers")
            while hasattr(current, "commands"):
                name = arguments.pop(0)
                assert name in current.commands, f"{page.name}: tiers {name}"  # type: ignore[attr-defined]
                current = current.commands[name]  # type: ignore[attr-defined]
            current.make_context("tiers", [a for a in arguments if not a.startswith("<")], parent=context)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_output_of_the_infrastructure_exists(page: Path) -> None:
    names = {field.name for field in dataclasses.fields(Infrastructure)} | {"contract_version"}
    for name in re.findall(r"pulumi stack output ([a-z_]+)", page.read_text(encoding="utf-8")):
        assert name in names, f"{page.name} names the output {name}"


def test_the_readme_names_its_two_commands() -> None:
    lines = console_lines(REPOSITORY / "README.md")
    assert lines[:2] == ["make local-up", "make test"]


def test_nothing_committed_is_ignored() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert listed.stdout == ""
