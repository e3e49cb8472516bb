"""Serves only the policies, for a run of `tiers` against AWS; on the lane, the plug-ins' process serves them too.

Prints the port as one JSON object, then serves until its stdin closes. Forked by `tooling.runner.fork_server`.
"""

from __future__ import annotations

import json
from typing import TextIO

from shared.policies.evaluation import Policies
from tooling.policies.analyzer import serve_in_threads

_GRACE_SECONDS = 5


def serve(requests: TextIO) -> None:
    """Serves until `requests` ends; nothing is read from it."""
    server, port = serve_in_threads(Policies.load())
    print(json.dumps({"policies": port}), flush=True)
    requests.read()
    server.stop(_GRACE_SECONDS).wait()
