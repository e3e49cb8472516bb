"""Probes of a container, as the kubelet runs them.

HTTP and TCP probes are real. A process has no container to run commands in, so `exec` and `grpc` probes count as
passed. Source: Kubernetes API, Probe; "Configure Liveness, Readiness and Startup Probes".
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tooling.lane.ports import LOOPBACK, answers

_USER_AGENT = "kube-probe/1.35"


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
    action = spec.get("httpGet") or spec.get("tcpSocket") or {}
    port = action.get("port", 0)
    if isinstance(port, int):
        return port
    named = {each.get("name"): each["containerPort"] for each in container.get("ports") or ()}
    return named.get(port, 0)


def run(spec: Mapping[str, Any], *, address: str, port: int, host_port: int) -> str:
    """Runs a probe once; why it failed, or an empty string.

    Args:
        address: of the pod, for messages.
        port: the container's.
        host_port: where the process listens instead; 0 if nothing listens for `port`.
    """
    timeout = float(spec.get("timeoutSeconds") or 1)
    if "httpGet" in spec:
        return _http(spec["httpGet"], timeout, address, port, host_port)
    if "tcpSocket" in spec:
        return (
            ""
            if host_port and answers(host_port, timeout)
            else f"dial tcp {address}:{port}: connect: connection refused"
        )
    return ""


def _http(action: Mapping[str, Any], timeout: float, address: str, port: int, host_port: int) -> str:
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
