"""What the running service answers, and what it logs about it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.testing.services import RunningService

Start = Callable[..., RunningService]

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def running(start: Start) -> RunningService:
    return start()


def test_the_root_and_the_api_answer_the_defaults_of_config_ini(running: RunningService, service: Path) -> None:
    root, api = running.get("/"), running.get("/api")
    assert (root.status, root.content_type) == (200, "text/plain; charset=utf-8")
    assert root.text == "Welcome to the demo"
    assert (api.status, api.content_type) == (200, "application/json")
    version = tomllib.loads((service / "pyproject.toml").read_text())["project"]["version"]
    assert json.loads(api.text) == {"message": "Welcome to the demo API", "version": version}


def test_the_answers_come_from_the_environment(start: Start) -> None:
    running = start(DEMO_ROOT_RESPONSE="Grüezi für $5 ${x}", DEMO_API_RESPONSE="", SERVICE_VERSION="2.3.4")
    assert running.get("/").text == "Grüezi für $5 ${x}"
    assert json.loads(running.get("/api").text) == {"message": "", "version": "2.3.4"}


def test_another_config_ini_names_other_keys(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "config.ini"
    config.write_text(
        "[environment]\nGREETING = hello\n"
        "[responses]\nroot = ${environment:GREETING}!\napi = fixed\ndelay_seconds = 0\n"
    )
    running = start(DEMO_CONFIG=str(config), GREETING="good morning", DEMO_ROOT_RESPONSE="not used")
    assert running.get("/").text == "good morning!"
    assert json.loads(running.get("/api").text)["message"] == "fixed"


def test_health_is_a_health_document(running: RunningService) -> None:
    answer = running.get("/health")
    assert (answer.status, answer.content_type) == (200, "application/health+json")
    assert answer.headers["cache-control"] == "no-store"
    document = json.loads(answer.text)
    (uptime,) = document["checks"].pop("uptime")
    (unfinished,) = document["checks"].pop("requests:unfinished")
    assert document == {
        "status": "pass",
        "version": "1",
        "releaseId": "1.0.0",
        "serviceId": "demo",
        "description": "Health of the demo service",
        "checks": {},
    }
    assert uptime["observedValue"] > 0
    assert (uptime["componentType"], uptime["observedUnit"], uptime["status"]) == ("system", "s", "pass")
    assert (unfinished["observedValue"], unfinished["observedUnit"]) == (0, "requests")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_probes_pass(running: RunningService, path: str) -> None:
    answer = running.get(path)
    assert (answer.status, answer.content_type) == (200, "application/health+json")
    assert json.loads(answer.text) == {"status": "pass", "version": "1", "releaseId": "1.0.0", "serviceId": "demo"}


def test_metrics_count_requests_by_path_but_no_probes_and_no_unknown_paths(start: Start) -> None:
    running = start()
    for path in ("/", "/", "/api", "/health/ready", "/nothing-here"):
        running.get(path)
    answer = running.get("/metrics")
    assert answer.status == 200
    assert answer.content_type.startswith("text/plain; version=")
    counted = [line for line in answer.text.splitlines() if line.startswith("http_requests_total{")]
    assert sorted(counted) == [
        'http_requests_total{app_name="demo",method="GET",path="/",status_code="200"} 2.0',
        'http_requests_total{app_name="demo",method="GET",path="/api",status_code="200"} 1.0',
    ]


def test_unknown_paths_and_methods_are_refused(running: RunningService) -> None:
    assert running.get("/nothing-here").status == 404
    assert running.get("/docs").status == 404
    assert running.get("/", method="POST").status == 405


def test_a_request_is_one_line_of_json_without_what_may_be_secret(start: Start) -> None:
    running = start(DEMO_ROOT_RESPONSE="s3cret-response")
    running.get("/?token=s3cret-query", Authorization="Bearer s3cret-header", X_Amzn_Trace_Id="Root=1-5759e988")
    line = running.logged("request")
    assert line.pop("duration_ms") >= 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "demo_service.requests",
        "message": "request",
        "method": "GET",
        "path": "/",
        "status": 200,
        "trace_id": "Root=1-5759e988",
    }
    running.process.terminate()
    running.ended()
    assert "s3cret" not in json.dumps(running.lines)


def test_a_path_cannot_write_lines_of_its_own_into_the_log(start: Start) -> None:
    running = start()
    running.get("/%0A%7B%22level%22:%22error%22%7D" + "x" * 1000)
    line = running.logged("request")
    assert line["path"].startswith('/\n{"level":"error"}')
    assert len(line["path"]) == 256


def test_probes_are_logged_at_level_debug_only(start: Start) -> None:
    quiet, verbose = start(), start(LOG_LEVEL="debug")
    for running in (quiet, verbose):
        running.get("/health/ready")
        running.process.terminate()
        assert running.ended() == 0
    assert [line["message"] for line in quiet.lines] == ["starting", "listening", "stopped"]
    assert "/health/ready" in [line.get("path") for line in verbose.lines]
