"""Probes of a container, as the kubelet runs them; messages are the kubelet's.

Source: Kubernetes API, Probe; "Configure Liveness, Readiness and Startup Probes"; "GRPC Health Checking Protocol".
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tooling.kubelet.processes import interpreted
from tooling.lane.ports import LOOPBACK, answers

_USER_AGENT = "kube-probe/1.35"
_LONGEST_OUTPUT = 10 * 1024
"""Of a command, in bytes, as the kubelet reads it."""


@dataclass(kw_only=True)
class Probe:
    """One probe of a running container, and its recent results."""

    kind: str
    """`Readiness`, `Liveness` or `Startup`."""
    spec: Mapping[str, Any]
    due: float
    """When it runs next, on the monotonic clock."""
    passed: bool
    """The probe's present verdict. A container is alive until shown otherwise, and not ready until shown to be."""
    _successes: int = field(default=0, init=False)
    _failures: int = field(default=0, init=False)

    @property
    def period_seconds(self) -> float:
        return float(self.spec.get("periodSeconds") or 10)

    @property
    def timeout_seconds(self) -> float:
        return float(self.spec.get("timeoutSeconds") or 1)

    def note(self, failure: str) -> None:
        """Counts a result, `failure` being empty for a success."""
        if failure:
            self._successes, self._failures = 0, self._failures + 1
            if self._failures >= (self.spec.get("failureThreshold") or 3):
                self.passed = False
        else:
            self._successes, self._failures = self._successes + 1, 0
            if self._successes >= (self.spec.get("successThreshold") or 1):
                self.passed = True

    @property
    def has_failed_for_good(self) -> bool:
        return self._failures >= (self.spec.get("failureThreshold") or 3)


def probe_port(spec: Mapping[str, Any], container: Mapping[str, Any]) -> int:
    """The container's port that a probe connects to; 0 if it names one that does not exist."""
    action = spec.get("httpGet") or spec.get("tcpSocket") or spec.get("grpc") or {}
    port = action.get("port", 0)
    if isinstance(port, int):
        return port
    named = {each.get("name"): each["containerPort"] for each in container.get("ports") or ()}
    return named.get(port, 0)


@dataclass(frozen=True, kw_only=True)
class Target:
    """The running container that a probe asks."""

    address: str
    """Of the pod, for messages."""
    port: int
    """The container's port that the probe names."""
    host_port: int
    """Where the process listens instead; 0 if nothing listens for `port`."""
    environment: Mapping[str, str]
    """Of its process, for commands."""
    directory: Path
    """Where its process was started."""


def run(spec: Mapping[str, Any], target: Target) -> str:
    """Runs a probe once; why it failed, or an empty string."""
    timeout = float(spec.get("timeoutSeconds") or 1)
    if "exec" in spec:
        return _exec(spec["exec"].get("command") or (), timeout, target)
    if "httpGet" in spec:
        return _http(spec["httpGet"], timeout, target)
    if "grpc" in spec:
        return _grpc(spec["grpc"].get("service") or "", timeout, target)
    if target.host_port and answers(target.host_port, timeout):
        return ""
    return f"dial tcp {target.address}:{target.port}: connect: connection refused"


def _exec(command: Sequence[str], timeout: float, target: Target) -> str:
    """Runs a command beside the container's process; what it wrote, if it does not exit with 0."""
    words = interpreted(command)
    shown = " ".join(command)
    try:
        process = subprocess.Popen(
            words,
            cwd=target.directory,
            env=dict(target.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return f"exec: {shown!r}: {error.strerror}"
    _commands.add(process.pid)
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f'command timed out: "{shown}" timed out after {timeout:g}s'
    finally:
        _commands.discard(process.pid)
    text = output[:_LONGEST_OUTPUT].decode(errors="replace").strip()
    return "" if process.returncode == 0 else text or f"exit code {process.returncode}"


_commands: set[int] = set()
"""Process groups of probes that run now."""


def end_commands() -> None:
    """Kills the commands of probes, when the kubelet ends."""
    for group in list(_commands):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _grpc(service: str, timeout: float, target: Target) -> str:
    # Imported here: few pods have such a probe, and gRPC is large.
    import grpc
    from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
    from grpc_health.v1.health_pb2_grpc import HealthStub

    where = f"{target.address}:{target.port}"
    if not target.host_port:
        return f'timeout: failed to connect service "{where}" within {timeout:g}s'
    with grpc.insecure_channel(f"{LOOPBACK}:{target.host_port}") as channel:
        try:
            check = HealthStub(channel).Check  # pyright: ignore[reportAttributeAccessIssue]  # Generated code.
            answer = check(HealthCheckRequest(service=service), timeout=timeout)
        except grpc.RpcError as error:
            code = error.code()  # type: ignore[attr-defined]  # Every error of a call has one.
            if code == grpc.StatusCode.UNIMPLEMENTED:
                return "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)"
            if code == grpc.StatusCode.UNAVAILABLE:
                return f'timeout: failed to connect service "{where}" within {timeout:g}s'
            if code == grpc.StatusCode.DEADLINE_EXCEEDED:
                return f"timeout: health rpc did not complete within {timeout:g}s"
            return f"error: health rpc probe failed: {code.name}: {error.details()}"  # type: ignore[attr-defined]
    if answer.status == HealthCheckResponse.SERVING:
        return ""
    status = HealthCheckResponse.ServingStatus.Name(answer.status)
    return f'service unhealthy (responded with "{status}")'


def _http(action: Mapping[str, Any], timeout: float, target: Target) -> str:
    address, port, host_port = target.address, target.port, target.host_port
    path = action.get("path") or "/"
    url = f"{(action.get('scheme') or 'HTTP').lower()}://{address}:{port}{path}"
    refused = f'Get "{url}": dial tcp {address}:{port}: connect: connection refused'
    if not host_port:
        return refused
    headers = {"Host": f"{address}:{port}", "User-Agent": _USER_AGENT, "Accept": "*/*", "Connection": "close"}
    headers |= {each["name"]: each["value"] for each in action.get("httpHeaders") or ()}
    connection = http.client.HTTPConnection(LOOPBACK, host_port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
    except TimeoutError:
        return f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    except ConnectionRefusedError:
        return refused
    except (OSError, http.client.HTTPException) as error:
        return f'Get "{url}": {error or "EOF"}'
    finally:
        connection.close()
    return "" if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"
