"""Ports for the lane's services: chosen once and kept, so that a restarted lane has the same addresses."""

from __future__ import annotations

import contextlib
import ipaddress
import random
import socket
import time

from shared.errors import PlatformError

LOOPBACK = "127.0.0.1"

_RANGE = range(20_000, 32_000)
"""Below the range from which Linux (32768) and macOS (49152) take ports for outgoing connections: a port in that
range could be taken by any connection before its service has started. Also below Kubernetes' NodePorts."""


def is_free(port: int) -> bool:
    """Whether a service could listen on `port` on loopback."""
    with contextlib.closing(socket.socket()) as probe:
        # As servers do: a port whose last connections are in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine's loopback interface."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def answers(port: int, timeout_seconds: float = 0.2) -> bool:
    """Whether a service listens on `port` on loopback."""
    try:
        socket.create_connection((LOOPBACK, port), timeout_seconds).close()
    except OSError:
        return False
    return True


def becomes_free(port: int, patience_seconds: float = 1.0) -> bool:
    """Like `is_free`, but retries: the sockets of a killed process close only after it has disappeared."""
    deadline = time.monotonic() + patience_seconds
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_ports(count: int) -> list[int]:
    """Distinct ports on which no program listens at the moment."""
    # Random, so that two lanes that start at once choose different ports; not used as a secret.
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
        hint="stop programs that listen there; to list them: ss -ltn",
    )
