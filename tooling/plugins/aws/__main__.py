"""Runs the plug-in as a separate process, as the engine starts it."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial

from tooling.plugins.aws.engine.configuration import ENDPOINT_VARIABLE
from tooling.plugins.aws.servicer import add_to_server
from tooling.plugins.provider.server import serve_process

THREADS = 16
"""The engine runs 16 operations at a time on four cores by default; further ones wait in a queue."""

if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    add = partial(add_to_server, endpoint_url=os.environ.get(ENDPOINT_VARIABLE))
    sys.exit(serve_process(add, threads=THREADS))
