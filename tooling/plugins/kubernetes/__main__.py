"""Runs the plug-in as a separate process, as the engine starts it."""

from __future__ import annotations

import sys

from tooling.plugins.kubernetes.servicer import THREADS, add_to_server
from tooling.plugins.provider.server import serve_process

if __name__ == "__main__":
    sys.exit(serve_process(add_to_server, threads=THREADS))
