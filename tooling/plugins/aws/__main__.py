"""Runs the plug-in as a separate process, as the engine starts it: prints its port, then serves until it is killed."""

from __future__ import annotations

import logging
import os
import sys
from concurrent import futures

from shared.errors import PlatformError
from tooling.plugins.aws.configuration import ENDPOINT_VARIABLE
from tooling.plugins.aws.servicer import add_to_server
from tooling.plugins.grpc_server import make_server

THREADS = 16
"""The engine runs 16 operations at a time on four cores by default; further ones wait in a queue."""


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    server = make_server(futures.ThreadPoolExecutor(THREADS, thread_name_prefix="aws-plugin"))
    try:
        add_to_server(server, endpoint_url=os.environ.get(ENDPOINT_VARIABLE))
    except PlatformError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()
    return 0


if __name__ == "__main__":
    sys.exit(main())
