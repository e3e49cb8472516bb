"""Probes by value: commands that run beside the process, and services that speak gRPC's health protocol."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tooling.kubelet.probes import Target, run
from tooling.lane.ports import LOOPBACK, free_ports


def target(*, host_port: int = 0, directory: Path = Path("/"), **environment: str) -> Target:
    variables = {"PATH": "/usr/bin:/bin", **environment}
    return Target(address="198.18.0.1", port=9000, host_port=host_port, environment=variables, directory=directory)


def ask(command: list[str], at: Target, **more: Any) -> str:
    return run({"exec": {"command": command}, **more}, at)


def test_command_that_exits_with_0_passes() -> None:
    assert ask(["true"], target()) == ""


def test_command_that_fails_says_what_it_wrote() -> None:
    assert ask(["sh", "-c", "echo no queue >&2; exit 3"], target()) == "no queue"
    assert ask(["false"], target()) == "exit code 1"


def test_command_has_the_environment_and_the_directory_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    shown = ask(["sh", "-c", "ls; env | grep QUEUE; exit 1"], target(directory=tmp_path, QUEUE="orders"))
    assert shown == "ready\nQUEUE=orders"


def test_command_runs_modules_of_the_service_with_the_packages_that_the_service_has(tmp_path: Path) -> None:
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "check.py").write_text("import sys, grpc\nsys.exit('idle')\n")
    assert ask(["python", "-m", "worker.check"], target(directory=tmp_path), timeoutSeconds=30) == "idle"


def test_command_that_takes_too_long_has_failed() -> None:
    shown = ask(["sh", "-c", "sleep 60 & wait"], target(), timeoutSeconds=0.1)
    assert shown == 'command timed out: "sh -c sleep 60 & wait" timed out after 0.1s'


def test_command_that_does_not_exist_has_failed() -> None:
    assert ask(["no-such-program", "--now"], target()) == "exec: 'no-such-program --now': No such file or directory"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, health.HealthServicer]]:
    service = health.HealthServicer()
    with ThreadPoolExecutor(2) as workers:
        running = grpc.server(workers)
        health_pb2_grpc.add_HealthServicer_to_server(service, running)
        port = running.add_insecure_port(f"{LOOPBACK}:0")
        running.start()
        yield port, service
        running.stop(None)


SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def test_service_that_serves_passes(server: tuple[int, health.HealthServicer]) -> None:
    port, service = server
    service.set("", SERVING)
    assert run({"grpc": {"port": 9000}, "timeoutSeconds": 30}, target(host_port=port)) == ""


def test_service_is_asked_for_by_its_name(server: tuple[int, health.HealthServicer]) -> None:
    port, service = server
    service.set("", SERVING)
    service.set("orders", NOT_SERVING)
    probe = {"grpc": {"port": 9000, "service": "orders"}, "timeoutSeconds": 30}
    assert run(probe, target(host_port=port)) == 'service unhealthy (responded with "NOT_SERVING")'
    probe["grpc"] = {"port": 9000, "service": "unknown"}
    assert run(probe, target(host_port=port)).startswith("error: health rpc probe failed: NOT_FOUND")


def test_service_without_the_protocol_has_failed() -> None:
    with ThreadPoolExecutor(1) as workers:
        running = grpc.server(workers)
        port = running.add_insecure_port(f"{LOOPBACK}:0")
        running.start()
        shown = run({"grpc": {"port": 9000}, "timeoutSeconds": 30}, target(host_port=port))
        running.stop(None)
    assert shown == "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)"


def test_port_without_a_listener_cannot_be_connected() -> None:
    (port,) = free_ports(1)
    for host_port in (0, port):
        shown = run({"grpc": {"port": 9000}, "timeoutSeconds": 3}, target(host_port=host_port))
        assert shown == 'timeout: failed to connect service "198.18.0.1:9000" within 3s'
