"""What a run prints of its times, on a suite of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.times import SLOWEST_TESTS, Times

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


@pytest.mark.parametrize("workers", [[], WORKERS])
def test_lanes_first_and_times_last_with_and_without_workers(workers: list[str], tmp_path: Path) -> None:
    (tmp_path / "test_two.py").write_text(
        "import pytest\n"
        "def test_unit(): pass\n"
        "@pytest.mark.engine\ndef test_engine(): pass\n"
        "@pytest.mark.lane\n@pytest.mark.xdist_group('g')\ndef test_lane(): pass\n"
    )
    root = Path(__file__).resolve().parent.parent
    options = [
        "-p",
        "conftest",
        "--times",
        "-v",
        "-p",
        "no:cacheprovider",
        "--override-ini",
        "testpaths=",
        f"--basetemp={tmp_path}/base",
    ]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *workers, str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
    ).stdout
    summary = said[said.index("15 slowest tests") :]
    assert {name for name in ("test_unit", "test_engine", "test_lane") if f"::{name}\n" in summary} == {
        "test_unit",
        "test_engine",
        "test_lane",
    }, said
    assert "time of each file" in summary
    if not workers:
        order = [said.index(f"::{name} PASSED") for name in ("test_lane", "test_engine", "test_unit")]
        assert order == sorted(order)


def test_tests_that_share_a_fixture_of_their_module_run_in_one_worker(tmp_path: Path) -> None:
    """Each worker made the fixture, though two runs of a program tell no more than one."""
    (tmp_path / "test_shared.py").write_text(
        "import pathlib, pytest\n"
        "@pytest.fixture(scope='module')\n"
        f"def shared():\n    with open({str(tmp_path / 'made')!r}, 'a') as made: made.write('x')\n"
        "@pytest.mark.parametrize('number', range(20))\n"
        "def test_one(number, shared): pass\n"
    )
    options = [
        "-p",
        "conftest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--override-ini",
        "testpaths=",
        f"--basetemp={tmp_path}/base",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *WORKERS, str(tmp_path)],
        cwd=Path(__file__).resolve().parent.parent,
        capture_output=True,
        text=True,
    )
    assert "20 passed" in done.stdout, done.stdout
    assert (tmp_path / "made").read_text() == "x"
