"""Plug-ins that live on after their engine was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tooling.runner.engine import open_engine
from tooling.runner.messages import Operation
from tooling.runner.one_run import one_run
from tooling.runner.orphans import clear_orphans, mark

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows an environment")

PLUGIN = """#!/bin/sh
{trap}
echo $$ > {directory}/plugin
read -r _ < {directory}/end
"""
ENGINE = """#!/bin/sh
{directory}/pulumi-resource-stub &
wait
"""


class Engine:
    """A process called `pulumi` that has started a plug-in, which lives until it is asked to end."""

    def __init__(self, directory: Path, environment: str, *, stubborn: bool) -> None:
        self._directory = directory
        os.mkfifo(directory / "end")
        os.mkfifo(directory / "plugin")
        for name, text in (("pulumi", ENGINE), ("pulumi-resource-stub", PLUGIN)):
            file = directory / name
            file.write_text(text.format(directory=directory, trap="trap '' TERM" if stubborn else ""))
            file.chmod(0o700)
        # By its path: a script is called like its file only where the file itself is executed.
        self.process = subprocess.Popen([directory / "pulumi"], env={"PATH": os.environ["PATH"], **mark(environment)})
        self.plugin = int((directory / "plugin").read_text())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end_plugin(self) -> None:
        (self._directory / "end").write_text("\n")

    @property
    def plugin_lives(self) -> bool:
        # One that is ending has no environment any more, and may not be a zombie yet.
        try:
            return bool(Path(f"/proc/{self.plugin}/environ").read_bytes())
        except OSError:
            return False


@pytest.fixture
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    started = Engine(tmp_path, "test", stubborn=getattr(request, "param", False))
    try:
        yield started
    finally:
        started.kill()
        if started.plugin_lives:
            os.kill(started.plugin, signal.SIGKILL)


def test_run_waits_for_what_a_plugin_of_a_killed_engine_still_does(engine: Engine) -> None:
    engine.kill()
    said: list[str] = []

    def say(text: str) -> None:
        assert engine.plugin_lives
        said.append(text)
        engine.end_plugin()

    clear_orphans("test", say)

    assert not engine.plugin_lives
    assert said == [
        f"waiting for process {engine.plugin} (pulumi-resource): the engine that started them was killed, and they may "
        "still be working"
    ]


@pytest.mark.parametrize("engine", [False, True], ids=["ends when asked", "ends when killed"], indirect=True)
def test_plugin_that_does_not_end_is_ended(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tooling.runner.orphans._GRACE", timedelta(seconds=1))
    engine.kill()
    said: list[str] = []

    clear_orphans("test", said.append, patience=timedelta())

    assert not engine.plugin_lives
    assert said[1] == f"ending process {engine.plugin} (pulumi-resource), which did not end within 0 s"


def test_plugin_whose_engine_lives_is_left_alone(engine: Engine) -> None:
    clear_orphans("test", pytest.fail, patience=timedelta())

    assert engine.plugin_lives


def test_plugin_of_another_environment_is_left_alone(engine: Engine) -> None:
    engine.kill()

    clear_orphans("another", pytest.fail, patience=timedelta())

    assert engine.plugin_lives


def test_plugin_of_another_clone_is_left_alone(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.kill()
    monkeypatch.setenv("TIERS_LOCAL_DIR", str(tmp_path / "elsewhere"))

    clear_orphans("test", pytest.fail, patience=timedelta())

    assert engine.plugin_lives


def test_engines_of_an_environment_are_marked() -> None:
    with open_engine("dev") as engine:
        assert engine.variables.items() >= mark("dev").items()


@pytest.mark.parametrize(("operation", "waits"), [("up", True), ("destroy", True), ("preview", False)])
def test_every_run_that_changes_something_waits(engine: Engine, operation: Operation, waits: bool) -> None:
    engine.kill()

    with one_run(operation, "test", lambda _: engine.end_plugin()):
        assert engine.plugin_lives is not waits


def test_processes_without_the_mark_are_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path) as other:
        clear_orphans("test", pytest.fail, patience=timedelta())

        assert other.poll() is None
