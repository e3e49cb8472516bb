"""Serves the plug-in on a free loopback port and prints the port, as the engine expects of an executable plug-in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc

from tooling.plugins.grpc_server import SERVER_OPTIONS
from tooling.plugins.kubernetes.servicer import WORKERS, add_to_server


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(WORKERS), options=SERVER_OPTIONS)
    add_to_server(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
