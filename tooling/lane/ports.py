"""Ports for the lane's services: chosen once, then kept, so that a lane brought up again is at the same addresses."""

from __future__ import annotations

import contextlib
import random
import socket
import time

from shared.errors import PlatformError

LOOPBACK = "127.0.0.1"

_RANGE = range(20_000, 32_000)
"""Below the range from which Linux (32768) and macOS (49152) take ports for outgoing connections: a port out of that
range could be taken by any connection before its service has started. And below Kubernetes' NodePorts."""


def is_free(port: int) -> bool:
    """Whether a service could listen on it, on loopback."""
    with contextlib.closing(socket.socket()) as probe:
        # As servers do: a port whose last connections are still dying down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def becomes_free(port: int, patience_seconds: float = 1.0) -> bool:
    """Like `is_free`, with patience: a process that was killed just now closes its sockets after it has gone."""
    deadline = time.monotonic() + patience_seconds
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on at the moment."""
    # Not a secret: random so that two lanes that start at once choose different ones.
    candidates = random.sample(_RANGE, len(_RANGE))
    found: list[int] = []
    for port in candidates:
        if is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    raise PlatformError(
        "no-free-port",
        f"no {count} free ports between {_RANGE.start} and {_RANGE.stop}",
        at="",
        hint="stop what listens there: ss -ltn",
    )
