"""Serves the plug-in on a free loopback port and prints the port, as the engine expects of an executable plug-in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tooling.plugins.grpc_server import make_server
from tooling.plugins.kubernetes.servicer import WORKERS, add_to_server


def main() -> None:
    server = make_server(ThreadPoolExecutor(WORKERS))
    add_to_server(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
