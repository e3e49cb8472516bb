"""What a run prints of its times, on a suite of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.times import SLOWEST_TESTS, Times
from tooling.paths import REPOSITORY

WORKERS = ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]


def report(name: str, seconds: float) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=name,
        location=("", None, ""),
        keywords={},
        outcome="passed",
        longrepr=None,
        when="call",
        duration=seconds,
    )


def test_time_of_a_test_is_that_of_its_fixtures_too_and_of_a_file_that_of_its_tests() -> None:
    times = Times()
    for name, seconds in (("a.py::one@a group", 2.0), ("a.py::one@a group", 3.0), ("a.py::two", 1.0), ("b.py::x", 4.0)):
        times.pytest_runtest_logreport(report(name, seconds))
    assert times.slowest() == ["    5.0 s  a.py::one", "    4.0 s  b.py::x", "    1.0 s  a.py::two"]
    assert times.files() == ["    6.0 s  a.py", "    4.0 s  b.py"]


def test_short_files_are_one_line_and_only_the_slowest_tests_are_named() -> None:
    times = Times()
    for number in range(100):
        times.pytest_runtest_logreport(report(f"{number}.py::test", 0.5))
    times.pytest_runtest_logreport(report("long.py::test", 7))
    assert len(times.slowest()) == SLOWEST_TESTS
    assert times.files() == ["    7.0 s  long.py", "   50.0 s  100 other files"]


ORDERED = """
import pytest
def test_unit(): pass
@pytest.mark.engine
def test_engine(): pass
@pytest.mark.lane
@pytest.mark.xdist_group('g')
def test_lane(): pass
"""
SHARING = """
import pathlib, pytest
@pytest.fixture(scope='module')
def shared():
    with open({made!r}, 'a') as made: made.write('x')
@pytest.mark.parametrize('number', range(20))
def test_one(number, shared): pass
"""


def run(directory: Path, *options: str) -> str:
    """What pytest prints of a directory's tests under this repository's `conftest.py`."""
    # The plug-ins that it needs by name: looking for others, and loading them, takes a third of such a run.
    plugins = ["-p", "xdist", "-p", "conftest", "-p", "no:cacheprovider"]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *plugins,
            *options,
            "-o",
            "testpaths=",
            f"--basetemp={directory}/base",
            directory,
        ],
        cwd=REPOSITORY,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    ).stdout


def test_lanes_come_first_and_times_last(tmp_path: Path) -> None:
    (tmp_path / "test_order.py").write_text(ORDERED)
    said = run(tmp_path, "--times", "-v")
    order = [said.index(f"::{name} PASSED") for name in ("test_lane", "test_engine", "test_unit")]
    assert order == sorted(order)
    check_times(said, {"test_unit", "test_engine", "test_lane"})


def test_workers_tell_times_too_and_tests_that_share_a_fixture_of_their_module_run_in_one(tmp_path: Path) -> None:
    """Each worker made the fixture, though two runs of a program tell no more than one."""
    (tmp_path / "test_order.py").write_text(ORDERED)
    (tmp_path / "test_shared.py").write_text(SHARING.format(made=str(tmp_path / "made")))
    said = run(tmp_path, "--times", "-v", *WORKERS)
    assert "23 passed" in said, said
    assert (tmp_path / "made").read_text() == "x"
    check_times(said, set())
    assert "test_shared.py::test_one[" in said[said.index("15 slowest tests") :], said


def check_times(said: str, names: set[str]) -> None:
    summary = said[said.index("15 slowest tests") :]
    assert {name for name in names if f"::{name}\n" in summary} == names, said
    assert "time of each file" in summary
