"""Ends every wait of one provider instance when the engine says Cancel.

A thread blocked on a watch cannot look at a flag, so whoever opens a stream lends it here, and `cancel` shuts it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol

from shared.errors import PlatformError


class Stream(Protocol):
    def shutdown(self) -> None: ...


class Cancelled(PlatformError):
    def __init__(self) -> None:
        super().__init__(
            "kubernetes-cancelled",
            "the operation was cancelled while it waited for Kubernetes",
            at="",
            hint="run it again: what was already sent to the API server stays",
        )


class Cancellation:
    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._streams: list[Stream] = []

    def cancel(self) -> None:
        self._event.set()
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            # A stream that has just ended by itself has no socket left to shut.
            with contextlib.suppress(Exception):
                stream.shutdown()

    def check(self) -> None:
        """Raises: Cancelled."""
        if self._event.is_set():
            raise Cancelled()

    def sleep(self, duration: timedelta) -> None:
        """Raises: Cancelled, as soon as it is."""
        if self._event.wait(duration.total_seconds()):
            raise Cancelled()

    @contextlib.contextmanager
    def lend(self, stream: Stream) -> Iterator[None]:
        with self._lock:
            self._streams.append(stream)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._streams.remove(stream)
