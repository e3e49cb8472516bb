"""How the service stops: nothing that it has begun is lost, and it ends in time."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from shared.applications import WebApplicationArgs
from shared.testing import load_module
from shared.testing.services import RunningService

Start = Callable[..., RunningService]

pytestmark = pytest.mark.process

IN_PROGRESS = 'http_requests_in_progress{app_name="demo",method="GET"} 1.0'


def wait_for_a_request(running: RunningService) -> None:
    answered(lambda: IN_PROGRESS in running.get("/metrics").text, "the request is counted")


def wait_until_stopping(running: RunningService) -> None:
    answered(lambda: running.get("/health/ready").status != 200, "it is not ready any more")


def answered(reached: Callable[[], bool], what: str) -> None:
    """Asks until the service says so; each request is a pause."""
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline, f"not within 30 s: {what}"


def test_an_idle_service_stops_at_once_with_0(start: Start) -> None:
    running = start()
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0
    assert running.lines[-1]["message"] == "stopped"
    assert running.lines[-1]["cut_off"] == 0


def test_it_stops_while_it_still_starts(start: Start) -> None:
    """As process 1 of a container it would not get the signal at all without a handler."""
    running = start(until="starting")
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0


def test_a_slow_request_gets_its_answer_after_sigterm(start: Start) -> None:
    running = start(DEMO_DELAY_SECONDS="2", DEMO_ROOT_RESPONSE="late")
    with closing(running.send("/")) as slow:
        wait_for_a_request(running)
        running.process.send_signal(signal.SIGTERM)
        answer = slow.getresponse()
        assert (answer.status, answer.read()) == (200, b"late")
        assert answer.getheader("connection") == "close"
    assert running.ended() == 0
    assert [line["path"] for line in running.lines if line["message"] == "request" and line["status"] == 200] == ["/"]


def test_it_is_alive_but_not_ready_while_it_stops(start: Start) -> None:
    running = start(DEMO_DELAY_SECONDS="60", SHUTDOWN_SECONDS="60")
    with closing(running.send("/")):
        wait_for_a_request(running)
        running.process.send_signal(signal.SIGTERM)
        wait_until_stopping(running)
        ready, live, whole = (running.get(path) for path in ("/health/ready", "/health/live", "/health"))
        assert (ready.status, live.status, whole.status) == (503, 200, 503)
        assert json.loads(ready.text) == {
            "status": "fail",
            "version": "1",
            "releaseId": "1.0.0",
            "serviceId": "demo",
            "output": "the service is shutting down",
        }
        assert json.loads(whole.text)["checks"]["requests:unfinished"][0]["observedValue"] == 1


def test_a_request_that_takes_too_long_is_cut_off_and_the_exit_code_says_so(start: Start) -> None:
    running = start(DEMO_DELAY_SECONDS="60", SHUTDOWN_SECONDS="1")
    with closing(running.send("/")):
        wait_for_a_request(running)
        running.process.send_signal(signal.SIGTERM)
        assert running.ended() == 1
        assert running.lines[-1] | {"time": ""} == {
            "time": "",
            "level": "info",
            "logger": "demo_service",
            "message": "stopped",
            "cut_off": 1,
        }


def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    running = start(DEMO_DELAY_SECONDS="60", SHUTDOWN_SECONDS="3600")
    with closing(running.send("/")):
        wait_for_a_request(running)
        running.process.send_signal(signal.SIGINT)
        wait_until_stopping(running)
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == 1


def test_by_default_it_ends_before_the_kubelet_kills_it(service: Path) -> None:
    configuration = load_module(service, "demo_service.configuration").load_configuration({})
    # A second more, in which what is left is cut off.
    assert configuration.shutdown_seconds + 1 < WebApplicationArgs.exit_seconds
