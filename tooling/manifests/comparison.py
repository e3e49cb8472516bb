"""Asks several services of one environment the same questions: whether it matters to a client how each was deployed."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.errors import PlatformError
from tooling.applications.address import address
from tooling.applications.lookup import application_names, application_stack
from tooling.lane.ports import LOOPBACK
from tooling.lane.state import Lane
from tooling.manifests.objects import hosts_of, objects_of_overlay
from tooling.manifests.source import overlay_of
from tooling.runner.engine import Engine

PATHS = ("/", "/api")
_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Of one service."""

    name: str
    deployed_by: str
    url: str
    answers: tuple[str, ...]
    """Status and body for each of `PATHS`."""


def answers_of(engine: Engine, name: str, environment: str) -> Answers:
    """Raises:
    BadInput: `application-unknown`, `overlay-missing`, `application-not-deployed`.
    PlatformError: `service-unreachable`.
    """
    if name in application_names():
        deployed_by, url = "Pulumi", address(engine, application_stack(name, environment))
    else:
        hosts = hosts_of(objects_of_overlay(overlay_of(name, environment)))
        deployed_by, url = "kubectl", f"http://{hosts[0]}/" if hosts else ""
    lane = Lane.load() if engine.is_local else None
    return Answers(name=name, deployed_by=deployed_by, url=url, answers=tuple(_ask(lane, url, path) for path in PATHS))


def differing(found: Sequence[Answers]) -> list[str]:
    """The names of services that do not answer as the first one does."""
    return [one.name for one in found if one.answers != found[0].answers]


def _ask(lane: Lane | None, url: str, path: str) -> str:
    """On the lane, its load balancer is asked for the host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if lane is not None:
        connection = http.client.HTTPConnection(LOOPBACK, lane.ports.ingress, timeout=_SECONDS)
    elif parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, timeout=_SECONDS)
    else:
        connection = http.client.HTTPConnection(host, timeout=_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return f"{answer.status} {answer.read().decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        raise PlatformError(
            "service-unreachable",
            f"{host} does not answer: {error}",
            at=url,
            hint="tiers local status"
            if lane is not None
            else "check that DNS has the host, and see the Ingress's address",
        ) from error
    finally:
        connection.close()
