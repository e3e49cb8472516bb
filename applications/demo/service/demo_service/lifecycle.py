"""Whether the service is serving or stopping, and how many requests are unfinished."""

from __future__ import annotations

import time


class Lifecycle:
    def __init__(self, *, shutdown_seconds: float) -> None:
        self._shutdown_seconds = shutdown_seconds
        self._started = time.monotonic()
        self._stopping_since: float | None = None
        self.unfinished = 0
        """Requests that wait for their answer, without probes and metrics."""
        self.cut_off = 0
        """Requests that were given up because the time to shut down was over."""

    @property
    def uptime_seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def is_stopping(self) -> bool:
        return self._stopping_since is not None

    def stop(self) -> None:
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()

    @property
    def may_exit(self) -> bool:
        """Whether it is stopping, and every request has its answer or the time is over."""
        if self._stopping_since is None:
            return False
        return self.unfinished == 0 or time.monotonic() - self._stopping_since >= self._shutdown_seconds
