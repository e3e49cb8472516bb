"""The HTTP server, which keeps listening while it stops.

uvicorn closes its socket at the first signal, so that a probe is refused instead of answered with 503, and then ends by
that signal. This server answers until every unfinished request has its answer, and exits with 0.
"""

from __future__ import annotations

import logging
import socket
from types import FrameType

import uvicorn

from demo_service.lifecycle import Lifecycle

_LOG = logging.getLogger("demo_service")


class GracefulServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for host, port, *_ in (each.getsockname() for each in sockets or ()):
            _LOG.info("listening", extra={"fields": {"host": host, "port": port}})

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._lifecycle.is_stopping:
            # The second signal: somebody does not want to wait.
            self.force_exit = self.should_exit = True
        self._lifecycle.stop()

    async def on_tick(self, counter: int) -> bool:
        self.should_exit = self.should_exit or self._lifecycle.may_exit
        return await super().on_tick(counter)


def serve(listening: socket.socket, app: object, lifecycle: Lifecycle) -> int:
    """Runs until SIGTERM or SIGINT; the exit code is 1 if requests were cut off, else 0."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        # Only what is left when the time for shutting down is over is cut off.
        timeout_graceful_shutdown=1,
    )
    server = GracefulServer(config, lifecycle)
    server.run(sockets=[listening])
    _LOG.info("stopped", extra={"fields": {"cut_off": lifecycle.cut_off}})
    return 1 if lifecycle.cut_off else 0
