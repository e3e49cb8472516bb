"""Services outlive their starter, are found again without any record, and nobody else's process is ever touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tooling.lane import processes
from tooling.lane.processes import Service, last_lines, running
from tooling.paths import REPOSITORY

PROGRAM = """
import signal, sys, time
def leave(*_):
    print("farewell", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in sys.argv else leave)
print("sleeping", flush=True)
time.sleep(600)
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "sleeper.py").write_text(PROGRAM)
    made = Service("sleeper", tmp_path, (str(tmp_path / "sleeper.py"), "--of", str(tmp_path)))
    yield made
    made.stop(grace_seconds=0)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_a_service_outlives_the_command_that_started_it(service: Service, tmp_path: Path) -> None:
    starter = (
        "import os, sys\nfrom pathlib import Path\nfrom tooling.lane.processes import Service\n"
        f"Service('sleeper', Path({str(tmp_path)!r}), {service.arguments!r}).start(sys.executable, [], os.environ)"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", starter], env=environment, check=True)
    until(lambda: last_lines(service.log) == "sleeping")
    assert service.pid() is not None


def test_starting_twice_makes_one_process(service: Service, tmp_path: Path) -> None:
    service.start(sys.executable, [], os.environ)
    until(service.pid)
    service.start(sys.executable, [], os.environ)
    assert len(running(lambda command: f" --of {tmp_path}" in command)) == 1


def test_stopping_lets_a_service_end_by_itself(service: Service, tmp_path: Path) -> None:
    service.start(sys.executable, [], os.environ)
    until(lambda: "sleeping" in last_lines(service.log))
    service.stop()
    assert service.pid() is None
    assert last_lines(service.log, 1) == "farewell"


def test_stopping_kills_a_service_that_will_not_end(service: Service, tmp_path: Path) -> None:
    service.start(sys.executable, ["deaf"], os.environ)
    until(lambda: "sleeping" in last_lines(service.log))
    service.stop(grace_seconds=0.2)
    assert service.pid() is None


@pytest.mark.parametrize("kind", ["another lane's", "a shell that names it"])
def test_stopping_leaves_a_process_with_another_command_line_alone(kind: str, service: Service, tmp_path: Path) -> None:
    words = [sys.executable, *service.arguments]
    if kind == "another lane's":
        neighbour = [*words[:-1], f"{tmp_path}2"]
    else:
        neighbour = ["/bin/sh", "-c", "sleep 600; true", *words, "."]
    process = subprocess.Popen(neighbour, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        service.start(sys.executable, [], os.environ)
        until(service.pid)
        assert service.pid() != process.pid
        service.stop()
        assert process.poll() is None
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_zombie_does_not_count_as_running(service: Service, tmp_path: Path) -> None:
    (tmp_path / "sleeper.py").write_text("")
    ended = subprocess.Popen([sys.executable, *service.arguments])
    try:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert service.pid() is None
    finally:
        ended.wait()


def test_a_service_that_ends_at_once_leaves_its_reason_in_the_log(service: Service) -> None:
    service.start("/nonexistent/program", [], os.environ)
    until(lambda: "nonexistent" in last_lines(service.log))
    assert service.pid() is None
    assert service.log.stat().st_mode & 0o077 == 0


def test_start_returns_no_sooner_than_the_process_can_be_found(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that takes its time between fork and exec, as on a busy machine."""
    monkeypatch.setattr(processes, "_DETACH", f"{{ sleep 0.5; {processes._DETACH.removesuffix('&')}; }} &")
    service.start(sys.executable, [], os.environ)
    assert service.pid() is not None
