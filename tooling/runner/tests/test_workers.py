"""Workers on the real engine: forked from one process, and yet of one project each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import PlatformError
from shared.versions import ENGINE
from tooling.lane.binaries import ensure, search_path
from tooling.lane.environments import washed
from tooling.lane.progress import progress_on
from tooling.paths import REPOSITORY
from tooling.runner.fork_server import ForkServer
from tooling.runner.messages import Diagnostic, FailedCreate, Operation, Request, Result, Step
from tooling.runner.workers import WorkerProcess

pytestmark = [pytest.mark.engine]

PROGRAM = """
import os, settings, pulumi
pulumi.export("value", settings.VALUE)
pulumi.export("given", os.environ.get("GIVEN", "nothing"))
pulumi.export("secret", pulumi.Output.secret("hidden"))
"""
SLOW_PROGRAM = "import pathlib, time; (pathlib.Path(__file__).parent / 'started').touch(); time.sleep(60)"


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer(washed()) as running:
        yield running


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    ensure(progress_on())
    (tmp_path / "state").mkdir()
    kept = washed()
    return {
        **kept,
        "PATH": os.pathsep.join([*search_path(), kept["PATH"]]),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def project(tmp_path: Path, name: str, program: str = PROGRAM, value: str = "") -> Path:
    directory = tmp_path / name
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (directory / "settings.py").write_text(f"VALUE = {value or name!r}\n")
    (directory / "__main__.py").write_text(program)
    return directory


def run(worker: WorkerProcess, operation: Operation, directory: Path, *, new: bool = False) -> Result:
    said: list[Step | Diagnostic | FailedCreate] = []
    request = Request(number=1, operation=operation, stack="test", work_dir=str(directory), new=new)
    result = worker.run(request, said.append)
    assert result.failure is None or result.failure.message or said, "a failure that says nothing"
    return result


def outputs(directory: Path, variables: dict[str, str]) -> dict[str, str]:
    command = ["pulumi", "stack", "output", "--json", "--stack", "test"]
    done = subprocess.run(command, cwd=directory, env=variables, capture_output=True, check=True)
    return json.loads(done.stdout)


def in_a_thread(worker: WorkerProcess, directory: Path) -> tuple[threading.Thread, list[Result]]:
    """Runs `up` of a program that sleeps, and returns once the program has begun."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(run(worker, "up", directory)))
    thread.start()
    deadline = time.monotonic() + 60
    while not (directory / "started").exists():
        assert thread.is_alive(), results
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return thread, results


def test_two_projects_see_their_own_modules_and_environment(
    tmp_path: Path, server: ForkServer, variables: dict[str, str]
) -> None:
    for name in ("first", "second"):
        directory = project(tmp_path, name)
        given = {**variables, "GIVEN": f"to {name}"}
        worker = WorkerProcess(server, directory, given, tmp_path / "log", engine_version=ENGINE.value)
        try:
            assert run(worker, "up", directory).ok
        finally:
            worker.close()
        found = outputs(directory, variables)
        assert (found["value"], found["given"]) == (name, f"to {name}")


def test_a_stack_that_does_not_exist_is_made_and_is_there_the_next_time(
    tmp_path: Path, server: ForkServer, variables: dict[str, str]
) -> None:
    directory = project(tmp_path, "first")
    worker = WorkerProcess(server, directory, variables, tmp_path / "log")
    try:
        assert run(worker, "preview", directory).changes == {"create": 1}
        assert run(worker, "up", directory).changes == {"create": 1}
        assert run(worker, "up", directory).changes == {"same": 1}
    finally:
        worker.close()


def test_a_stack_that_is_said_to_be_new_is_created_with_one_start_of_the_engine_and_may_be_there_already(
    tmp_path: Path, server: ForkServer, variables: dict[str, str]
) -> None:
    directory = project(tmp_path, "first")
    engine = shutil.which("pulumi", path=variables["PATH"])
    (tmp_path / "bin").mkdir()
    counting = tmp_path / "bin/pulumi"
    counting.write_text(f'#!/bin/sh\necho "$2 $3" >> {tmp_path}/started\nexec {engine} "$@"\n')
    counting.chmod(0o700)
    counted = {**variables, "PATH": f"{tmp_path}/bin{os.pathsep}{variables['PATH']}"}
    worker = WorkerProcess(server, directory, counted, tmp_path / "log", engine_version=ENGINE.value)
    try:
        assert run(worker, "up", directory, new=True).changes == {"create": 1}
        started = (tmp_path / "started").read_text().splitlines()
        assert run(worker, "up", directory, new=True).changes == {"same": 1}
    finally:
        worker.close()
    assert len(started) == 2, started


def test_a_worker_that_is_killed_is_a_failed_result(
    tmp_path: Path, server: ForkServer, variables: dict[str, str]
) -> None:
    directory = project(
        tmp_path, "first", program=SLOW_PROGRAM.replace("'started'", f"{str(tmp_path / 'first/started')!r}")
    )
    worker = WorkerProcess(server, directory, variables, tmp_path / "log")
    thread, results = in_a_thread(worker, directory)
    os.killpg(worker.group, signal.SIGKILL)
    thread.join(30)
    (result,) = results
    assert result.failure is not None
    assert "error[worker-died]" in result.failure.message
    worker.close()


def test_a_worker_outlives_its_server_and_ends_when_nobody_asks_any_more(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    directory = project(tmp_path, "first")
    with ForkServer(variables) as server:
        worker = WorkerProcess(server, directory, variables, tmp_path / "log")
    assert run(worker, "up", directory).ok
    worker.close()
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(worker.group)], capture_output=True, text=True).stdout
    # A zombie, where nobody has taken note of its end yet.
    assert state.strip()[:1] in ("", "Z")
    failure = run(worker, "up", directory).failure
    assert failure is not None
    assert "error[worker-died]" in failure.message


def test_a_server_that_has_ended_is_an_error_that_says_so(tmp_path: Path, variables: dict[str, str]) -> None:
    broken = {**variables, "PYTHONPATH": str(tmp_path)}
    (tmp_path / "pulumi.py").write_text("raise ImportError('no SDK here')")
    with ForkServer(broken) as server, pytest.raises(PlatformError) as refused:
        WorkerProcess(server, project(tmp_path, "first"), variables, tmp_path / "log")
    assert refused.value.code == "workers-failed"
    assert "no SDK here" in refused.value.what


def test_nothing_that_a_fork_would_lose_runs_in_the_server() -> None:
    """A thread that is not forked leaves its locks held for ever in the child."""
    program = (
        "import threading, pathlib\n"
        "import tooling.runner.worker\n"
        "from tooling.runner.sdk_modules import load, used_by\n"
        "for project in ('infrastructure', 'platform-addons', 'tenants', *pathlib.Path().glob('applications/*')):\n"
        "    for name in used_by(pathlib.Path(project)):\n"
        "        load(name)\n"
        "print(threading.active_count(), len(list(pathlib.Path('/proc/self/task').glob('*'))) or 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]
