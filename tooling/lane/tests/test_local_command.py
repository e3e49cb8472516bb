"""`tiers local` from the command line: data on stdout, the rest on stderr, and care with what cannot be had back."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from shared.errors import Refused
from tooling.cli.local import app, may_be_downloaded
from tooling.lane.program_choice import Programs
from tooling.lane.releases import release_of
from tooling.lane.state import Lane
from tooling.paths import REPOSITORY

COMMAND = "from tooling.cli.local import app; app()"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERS_LOCAL_DIR", str(tmp_path / "lane"))
    return tmp_path / "lane"


@pytest.fixture
def lane_with_a_stack(directory: Path) -> Path:
    lane = Lane.new(directory)
    stacks = lane.state_directory / ".pulumi" / "stacks" / "infrastructure"
    stacks.mkdir(parents=True)
    (directory / "this-is-a-lane").touch()
    lane.save()
    types = ["pulumi:pulumi:Stack", "pulumi:providers:aws", "aws:ec2/vpc:Vpc", "aws:s3/bucket:Bucket"]
    checkpoint = {"checkpoint": {"latest": {"resources": [{"type": each} for each in types]}}}
    (stacks / "local.json").write_text(json.dumps(checkpoint))
    return directory


def test_status_of_no_lane_is_a_document_too(directory: Path) -> None:
    result = CliRunner().invoke(app, ["status", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "version": 2,
        "state": "absent",
        "directory": str(directory),
        "parts": [],
        "stacks": [],
        "versions": {},
    }


def test_status_shows_parts_and_stacks_to_a_person(lane_with_a_stack: Path) -> None:
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["infrastructure", "local", "2"] in lines
    assert ["etcd", "stopped", "-"] in [line[:3] for line in lines]
    assert lines[-1] == ["hint:", "tiers", "local", "up"]


def test_removing_no_lane_is_no_error(directory: Path) -> None:
    result = CliRunner().invoke(app, ["down"])
    assert result.exit_code == 0
    assert (result.stdout, result.stderr) == ("", "there is no local lane\n")


def test_a_script_that_says_down_means_it_and_is_told_what_went(lane_with_a_stack: Path) -> None:
    result = CliRunner().invoke(app, ["down"])
    assert result.exit_code == 0, result.exception
    assert "infrastructure/local (2 resources)" in result.stderr
    assert result.stdout == ""
    assert not lane_with_a_stack.exists()


@pytest.mark.parametrize(
    ("arguments", "typed", "kept"),
    [(["down"], b"n\n", True), (["down"], b"y\n", False), (["down", "--yes"], b"", False)],
    ids=["refused", "agreed", "yes flag"],
)
def test_a_person_is_asked_before_stacks_are_given_up(
    arguments: list[str], typed: bytes, kept: bool, lane_with_a_stack: Path
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, typed)
    answer = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        stdin=theirs,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    assert lane_with_a_stack.exists() is kept, answer.stderr
    assert ("Remove the lane?" in answer.stderr) is bool(typed)
    assert ("not-confirmed" in answer.stderr) is kept


def test_help_waits_for_nothing_heavy() -> None:
    program = (
        "import sys, tooling.cli.local\n"
        "heavy = ('boto3', 'kubernetes', 'pulumi', 'pydantic', 'rich.progress')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


@pytest.mark.parametrize(
    ("typed", "answer", "go", "otherwise"),
    [
        ("\n", True, True, "Otherwise Go builds them, in about 10 minutes"),
        ("y\n", True, False, "To build them, Go has to be installed"),
        ("n\n", False, True, "Otherwise Go builds them, in about 10 minutes"),
    ],
)
def test_a_download_is_asked_about_with_its_files_sites_and_sizes(
    typed: str, answer: bool, go: bool, otherwise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tooling.lane.go_build.find_go", lambda: object() if go else None)
    monkeypatch.setenv("TIERS_PROGRAMS_MIRROR", "https://mirror.example.com")
    releases = [release for name in ("etcd", "kwok") if (release := release_of(name, ("linux", "amd64")))]
    asking = typer.Typer()

    @asking.command()
    def ask() -> None:
        print(may_be_downloaded(releases))

    result = CliRunner().invoke(asking, input=typed)
    assert result.stdout.endswith(f"{answer}\n")
    assert result.stderr.splitlines()[:4] == [
        "The lane needs programs that are neither on PATH nor in the cache:",
        "  etcd-3.6.5  github.com  about 25 MB",
        "  kwok-0.8.0  github.com  about 85 MB",
        "TIERS_PROGRAMS_MIRROR is set: they come from the mirror",
    ]
    assert f"Download about 110 MB? {otherwise} [Y/n]:" in result.output


def test_nobody_is_asked_without_a_terminal(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def up(_: object, **options: object) -> object:
        asked.append((options["programs"], options["ask"]))
        raise Refused("host-unsupported", "enough", at="", hint="")

    monkeypatch.setattr("tooling.lane.lifecycle.up", up)
    result = CliRunner().invoke(app, ["up", "--programs", "release"])
    assert isinstance(result.exception, Refused)
    assert asked == [(Programs.RELEASE, None)]
