"""Creates and starts the gRPC servers of the plug-ins and policies; each adds its own service.

Servers listen on a free loopback port.
"""

from __future__ import annotations

import json
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent import futures
from typing import Any, TypeVar

import grpc
import grpc.aio
from grpc._cython import cygrpc

from shared.errors import PlatformError

_LARGEST_MESSAGE_BYTES = 400 << 20
"""The engine's own limit; a state that it can hold must fit."""

SERVER_OPTIONS = (
    ("grpc.max_receive_message_length", _LARGEST_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _LARGEST_MESSAGE_BYTES),
    # gRPC's own record of servers and connections, by which `provider.connections` tells connections apart.
    ("grpc.enable_channelz", 1),
)

Server = TypeVar("Server", grpc.Server, grpc.aio.Server)

_channelz: Any = cygrpc  # its type stubs leave these functions out
_making = threading.Lock()
_numbers: weakref.WeakKeyDictionary[object, int] = weakref.WeakKeyDictionary()


LOOPBACK = "127.0.0.1:0"
"""The system chooses the port."""


def make_server(threads: int) -> grpc.Server:
    """
    Args:
        threads: requests served at the same time; further ones wait.
    """
    pool = futures.ThreadPoolExecutor(threads)
    return _numbered(lambda: grpc.server(pool, options=SERVER_OPTIONS))


def make_asynchronous_server() -> grpc.aio.Server:
    return _numbered(lambda: grpc.aio.server(options=SERVER_OPTIONS))


def start(add: Callable[[grpc.Server], object], *, threads: int) -> tuple[grpc.Server, int]:
    """Starts a server with the service that `add` adds to it, and returns the server and its port."""
    server = make_server(threads)
    add(server)
    port = server.add_insecure_port(LOOPBACK)
    server.start()
    return server, port


def serve_process(add: Callable[[grpc.Server], object], *, threads: int) -> int:
    """Serves as the engine expects of an executable plug-in: prints the port, then serves until it is killed.

    Returns:
        The exit code if `add` raises a `PlatformError`.
    """
    try:
        server, port = start(add, threads=threads)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(port, flush=True)
    server.wait_for_termination()
    return 0


def number_of(server: grpc.Server | grpc.aio.Server) -> int:
    """The channelz number of a server.

    Raises:
        TypeError: it was not made by this module, so that gRPC keeps no record of its connections.
    """
    if server not in _numbers:
        raise TypeError("a plug-in's server is made by tooling.plugins.provider.server.make_server")
    return _numbers[server]


def _numbered(make: Callable[[], Server]) -> Server:
    # gRPC does not say which number a server has: it is the one that is new.
    with _making:
        before = _known_servers()
        server = make()
        (_numbers[server],) = _known_servers() - before
        return server


def _known_servers() -> set[int]:
    found: set[int] = set()
    while True:
        page = json.loads(_channelz.channelz_get_servers(max(found, default=-1) + 1))
        found |= {int(server["ref"]["serverId"]) for server in page.get("server", ())}
        if page.get("end") or not page.get("server"):
            return found
