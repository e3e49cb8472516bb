"""When a container has started, can serve, and must be restarted: one typed model for each way to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi_kubernetes.core import v1 as core

from shared.workloads import http_probe


@dataclass(frozen=True, kw_only=True)
class _Probe:
    period_seconds: int = 10
    """Time between two attempts."""
    failures: int = 3
    """Failed attempts in a row until the probe has failed."""
    timeout_seconds: int = 3
    """Time after which an attempt has failed."""


@dataclass(frozen=True, kw_only=True)
class HttpProbe(_Probe):
    """Succeeds if a GET request is answered with a status from 200 to 399."""

    path: str = "/"

    def on(self, port: int) -> core.ProbeArgs:
        return http_probe(
            self.path,
            port,
            period_seconds=self.period_seconds,
            failures=self.failures,
            timeout_seconds=self.timeout_seconds,
        )


@dataclass(frozen=True, kw_only=True)
class CommandProbe(_Probe):
    """Succeeds if a command in the container exits with 0; for containers without a port."""

    command: Sequence[str]

    def on(self, port: int | None = None) -> core.ProbeArgs:
        del port
        return core.ProbeArgs(
            exec_=core.ExecActionArgs(command=list(self.command)),
            period_seconds=self.period_seconds,
            failure_threshold=self.failures,
            timeout_seconds=self.timeout_seconds,
        )


@dataclass(frozen=True, kw_only=True)
class Probes:
    """The probes of a web application's container.

    Source: Kubernetes, "Liveness, Readiness, and Startup Probes".
    """

    ready: HttpProbe = HttpProbe()
    """Whether the container can serve. The load balancer's health check uses its path too."""
    live: HttpProbe | CommandProbe | None = HttpProbe(period_seconds=20, failures=6)
    """Whether the container works at all; it is restarted if not. It must not ask other services, or their failure
    restarts this one."""
    startup: HttpProbe | CommandProbe | None = None
    """For containers that start slowly: the other probes begin once it has succeeded."""
