"""Values that a plug-in stores per connection, for the lifetime of that connection.

An engine that attaches by port shares one server among all its provider instances, each on a connection of its own,
which it later closes without notice. gRPC's `context.peer()` is an address that the next connection may have again: a
configuration kept under it would be handed on, credentials included. Values are therefore kept under the number that
channelz, gRPC's own record of connections, gives each of them and never gives twice in a process.

Not in gRPC's documented Python API: the package `grpcio-channelz` reads the record through the same functions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar

import grpc
import grpc.aio
from grpc._cython import cygrpc

from tooling.plugins.provider.server import number_of

_channelz: Any = cygrpc  # its type stubs leave these functions out
Value = TypeVar("Value")


class Called(Protocol):
    """The part of `grpc.ServicerContext` and `grpc.aio.ServicerContext` that is needed here."""

    def peer(self) -> str: ...


class Connections(Generic[Value]):
    """Values by connection of `server`; one whose connection has ended is never returned again."""

    def __init__(self, server: grpc.Server | grpc.aio.Server) -> None:
        self._server = number_of(server)
        self._lock = threading.Lock()
        self._values: dict[int, Value] = {}

    def keep(self, context: Called, value: Value) -> None:
        """Keeps `value` for the connection of this call, and drops the values of connections that have ended."""
        connection, open_now = self._connection(context)
        with self._lock:
            # A newer one may have been opened, and kept something, since the list was read.
            self._values = {
                number: kept for number, kept in self._values.items() if number in open_now or number > connection
            }
            self._values[connection] = value

    def of(self, context: Called) -> Value | None:
        """What was kept for the connection of this call; None if nothing was, whatever an earlier one had."""
        connection, _ = self._connection(context)
        with self._lock:
            return self._values.get(connection)

    def _connection(self, context: Called) -> tuple[int, set[int]]:
        """The number of the call's connection, and those of all that are open."""
        peer = context.peer()
        open_now = dict(self._open())
        # An earlier connection from the same address may not have been cleared away yet: the newest is this call's.
        return max(number for number, address in open_now.items() if address == peer), set(open_now)

    def _open(self) -> Iterator[tuple[int, str]]:
        """Number and peer's address of each open connection."""
        start = 0
        while True:
            page = json.loads(_channelz.channelz_get_server_sockets(self._server, start, 0))
            sockets = page.get("socketRef", ())
            for socket in sockets:
                number, name = int(socket["socketId"]), socket["name"]
                # "chttp2 ipv4:127.0.0.1:41398"
                yield number, name.partition(" ")[2]
                start = number + 1
            if page.get("end") or not sockets:
                return
