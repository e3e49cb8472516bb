"""All plug-ins of the lane, and the policies, in one process, for a run of `tiers`.

The engine attaches to them by port, which saves a Python start for every provider of every stack; plain `pulumi` starts
them one by one through the lane's `PULUMI_HOME`. Prints the ports as one JSON object, then serves until its stdin
closes: whoever asked for it holds the other end, so it never outlives them. Forked by `tooling.runner.fork_server`, in
which Ctrl-C is ignored.
"""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TextIO

from shared.policies.evaluation import Policies
from tooling.plugins.aws.engine.configuration import ENDPOINT_VARIABLE
from tooling.plugins.aws.servicer import add_to_server as add_aws
from tooling.plugins.eks.servicer import serve_in_thread
from tooling.plugins.kubernetes.servicer import add_to_server as add_kubernetes
from tooling.plugins.provider.server import start
from tooling.policies.analyzer import serve_in_threads as serve_policies

_THREADS = 64
"""Every wait for a rollout occupies one thread."""
_GRACE_SECONDS = 60


def serve(requests: TextIO) -> None:
    """Serves until `requests` ends; nothing is read from it."""
    policies, policies_port = serve_policies(Policies.load())
    ports = {"eks": serve_in_thread(), "policies": policies_port}
    servers = [policies]
    endpoint = os.environ.get(ENDPOINT_VARIABLE)
    for name, add in (("aws", partial(add_aws, endpoint_url=endpoint)), ("kubernetes", add_kubernetes)):
        server, ports[name] = start(add, threads=_THREADS)
        servers.append(server)
    print(json.dumps(ports), flush=True)
    requests.read()
    # Running operations are finished: an engine whose runner was killed still records what it created.
    for stopping in [server.stop(_GRACE_SECONDS) for server in servers]:
        stopping.wait()
