"""Connections from a chosen local address, which the system may give to one engine after another."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any, cast

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from tooling.lane.ports import LOOPBACK


@contextlib.contextmanager
def connected(port: int) -> Iterator[Any]:
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    with grpc.insecure_channel(f"{LOOPBACK}:{port}", options=options) as channel:
        yield cast("Any", provider_pb2_grpc.ResourceProviderStub)(channel)


@contextlib.contextmanager
def connected_from(source: int, port: int) -> Iterator[Any]:
    """As `connected`, from one local port, which is free again afterwards: as the system may choose it for a stranger.

    gRPC lets nobody choose it: bytes go through a socket of the test's own.
    """
    with socket.socket() as out, socket.create_server((LOOPBACK, 0)) as listener:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Closed by a reset, else the address could not be used again for a minute.
        out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        out.bind((LOOPBACK, source))
        out.connect((LOOPBACK, port))
        relaying = threading.Thread(target=relay, args=(listener, out), daemon=True)
        relaying.start()
        with connected(listener.getsockname()[1]) as stub:
            yield stub
        relaying.join()


def relay(listener: socket.socket, out: socket.socket) -> None:
    """Passes bytes both ways until gRPC closes its side."""
    accepted, _ = listener.accept()
    with accepted:
        while True:
            for source in select.select([accepted, out], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                (out if source is accepted else accepted).sendall(data)
