"""Middleware around every request: it counts the unfinished ones and logs each when it is finished."""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_service.lifecycle import Lifecycle

_LOG = logging.getLogger("demo_service.requests")
_PROBES = ("/health", "/health/live", "/health/ready", "/metrics")
_LONGEST = 256
"""Characters of a path or trace ID that are logged."""


class RequestMiddleware:
    def __init__(self, app: ASGIApp, *, lifecycle: Lifecycle) -> None:
        self._app, self._lifecycle = app, lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_probe = scope["path"] in _PROBES
        started = time.perf_counter()
        status = 500  # if the application fails before it answers

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._lifecycle.is_stopping:
                    # A client that keeps the connection would send its next request to a process that is gone.
                    message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        self._lifecycle.unfinished += not is_probe
        try:
            await self._app(scope, receive, observed)
        except asyncio.CancelledError:
            self._lifecycle.cut_off += not is_probe
            raise
        finally:
            self._lifecycle.unfinished -= not is_probe
            fields = {
                "method": scope["method"],
                "path": scope["path"][:_LONGEST],
                "status": status,
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                **_trace(scope),
            }
            # Probes come every few seconds from several sides; one that fails is worth a line.
            level = logging.DEBUG if is_probe and status < 400 else logging.INFO
            _LOG.log(level, "request", extra={"fields": fields})


def _trace(scope: Scope) -> dict[str, str]:
    """The ID under which the load balancer logs the request, if it came through one."""
    trace = next((value for name, value in scope["headers"] if name == b"x-amzn-trace-id"), b"")
    return {"trace_id": trace.decode("latin-1")[:_LONGEST]} if trace else {}
