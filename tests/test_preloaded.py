"""A forked process ends as one that was started: exit code, what it wrote, and nothing of it left."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.preloaded import Preloaded
from tooling.paths import REPOSITORY

pytestmark = pytest.mark.process

ENTRIES = """
import os, sys, time

LOADED_BY = os.getpid()

def ends_with_its_argument():
    print(sys.argv[1:], os.getcwd(), os.environ["GREETING"], os.getpid() != LOADED_BY)
    sys.exit(int(sys.argv[1]))

def ends_with_a_sentence():
    sys.exit("no")

def fails():
    raise ValueError("told")

def sleeps():
    print("begun", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preloaded]:
    root = tmp_path_factory.mktemp("preloaded")
    (root / "entries.py").write_text(ENTRIES)
    (root / "tests").mkdir()
    (root / "tests/preloaded.py").write_bytes((REPOSITORY / "tests/preloaded.py").read_bytes())
    preloaded = Preloaded("entries", root=root, variables=os.environ)
    yield preloaded
    preloaded.close()


def run(entries: Preloaded, entry: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return entries.run(f"entries:{entry}", arguments, cwd=cwd, variables={"GREETING": "hello"})


def test_arguments_directory_environment_and_exit_code_are_those_asked_for(entries: Preloaded, tmp_path: Path) -> None:
    ended = run(entries, "ends_with_its_argument", tmp_path, "3", "ä")
    assert (ended.returncode, ended.stderr) == (3, "")
    assert ended.stdout == f"['3', 'ä'] {tmp_path} hello True\n"
    assert run(entries, "ends_with_its_argument", tmp_path, "0").returncode == 0


def test_modules_that_are_not_loaded_yet_come_from_the_tree_that_is_named(tmp_path: Path) -> None:
    preloaded = Preloaded("yaml", root=REPOSITORY, variables=os.environ)
    for name in ("first", "second"):
        package = tmp_path / name / "tooling"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "paths.py").write_text(f"def say() -> None:\n    print({name!r})\n")
    for name in ("first", "second"):
        ended = preloaded.run("tooling.paths:say", [], cwd=tmp_path, variables={}, tree=tmp_path / name)
        assert ended.stdout == f"{name}\n", ended.stderr
    preloaded.close()


def test_a_sentence_and_an_exception_end_with_one(entries: Preloaded, tmp_path: Path) -> None:
    assert run(entries, "ends_with_a_sentence", tmp_path).stderr == "no\n"
    failed = run(entries, "fails", tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.endswith("ValueError: told\n")


def test_a_killed_process_says_by_what(entries: Preloaded, tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as said:
        process = entries.start("entries:sleeps", [], cwd=tmp_path, variables={}, stdout=said)
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0)
        process.kill()
        assert process.wait() == -9
        assert process.poll() == -9
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_what_still_runs_ends_with_the_process_that_forked_it(tmp_path: Path) -> None:
    preloaded = Preloaded(root=REPOSITORY, variables=os.environ)
    reading, writing = os.pipe()
    with open(writing, "wb") as said:  # noqa: PTH123
        sleeping = preloaded.start("signal:pause", [], cwd=tmp_path, variables={}, stdout=said)
    assert sleeping.poll() is None
    preloaded.close()
    # Its end of the pipe is closed.
    with open(reading, "rb") as heard:  # noqa: PTH123
        assert heard.read() == b""


def test_a_module_that_does_not_load_is_named(tmp_path: Path) -> None:
    preloaded = Preloaded("no_such_module", root=REPOSITORY, variables=os.environ)
    with pytest.raises(RuntimeError, match="No module named 'no_such_module'"):
        preloaded.start("os:getpid", [], cwd=tmp_path, variables={})
    preloaded.close()


def test_forked_tiers_has_one_thread_once_the_sdks_are_loaded() -> None:
    """A thread that is not forked leaves its locks held for ever in the child."""
    program = (
        "import importlib, pathlib, threading\n"
        "from tests.forked_tiers import SDK_MODULES\n"
        "for name in SDK_MODULES:\n"
        "    hasattr(importlib.import_module(name), 'used')\n"
        "print(threading.active_count(), len(list(pathlib.Path('/proc/self/task').glob('*'))) or 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]
