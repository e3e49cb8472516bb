"""Where an application answers: the address of its Ingress, and on the lane the one that reaches its processes."""

from __future__ import annotations

import http.client
import json
from urllib.parse import quote, urlsplit

from shared.errors import BadInput, PlatformError
from tooling.kubelet.ingress import OPEN_PATH
from tooling.lane.ports import LOOPBACK
from tooling.lane.state import Lane
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId


def address(engine: Engine, stack: StackId) -> str:
    """The output `url` of the application's stack.

    Raises:
        BadInput: `application-not-deployed`, `output-missing`.
    """
    at = f"--stack {stack.environment}"
    if not engine.exists(stack):
        raise BadInput(
            "application-not-deployed",
            f"{stack} is not deployed",
            at=at,
            hint=f"make applications-up STACK={stack.environment} APP={stack.project}",
        )
    url = engine.outputs(stack).get("url")
    if not url:
        raise BadInput(
            "output-missing",
            f"{stack} has not published `url`: it is no web application, or was not deployed completely",
            at=at,
            hint=f"tiers app status {stack.project} --stack {stack.environment}",
        )
    return str(url)


def loopback_address(lane: Lane, url: str) -> str:
    """The loopback address on which the lane answers for the host of `url`; it stays the same.

    Raises:
        PlatformError: `lane-not-running`.
    """
    host = urlsplit(url).hostname or ""
    connection = http.client.HTTPConnection(LOOPBACK, lane.ports.ingress, timeout=10)
    try:
        connection.request("GET", f"{OPEN_PATH}?host={quote(host)}")
        port = json.loads(connection.getresponse().read())["port"]
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise PlatformError(
            "lane-not-running",
            "the lane's kubelet, which runs the pods of services, does not answer",
            at=lane.ingress_address,
            hint="tiers local up",
        ) from error
    finally:
        connection.close()
    return f"http://{LOOPBACK}:{port}/"
