"""The process that serves the lane's plug-ins and policies during one run."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from shared.errors import PlatformError
from tooling.paths import local_directory
from tooling.runner.fork_server import ForkServer
from tooling.runner.messages import Start, to_line

_END_SECONDS = 5


@contextmanager
def running_plugins(
    server: ForkServer,
    variables: Mapping[str, str],
    module: str = "tooling.plugins.serve",
    *,
    keep_open: Sequence[int] = (),
) -> Iterator[dict[str, int]]:
    """Starts the process and yields a mapping of package name to loopback port; always stops it afterwards.

    Beside the packages there is `policies`; `tooling.policies.serve` serves these alone.

    Args:
        keep_open: descriptors that it holds as long as it lives.

    Raises:
        PlatformError: `plugins-failed`, naming the log; `workers-failed`.
    """
    log = local_directory() / "logs" / "plugins.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    theirs_in, mine_in = os.pipe()
    mine_out, theirs_out = os.pipe()
    with os.fdopen(mine_in, "w", encoding="utf-8") as requests, os.fdopen(mine_out, encoding="utf-8") as answers:
        try:
            with log.open("a", encoding="utf-8") as errors:
                # Its own process group, without Ctrl-C: the engine needs its plug-ins to stop.
                group = server.fork_serving(module, (theirs_in, theirs_out, errors.fileno(), *keep_open))
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        try:
            requests.write(to_line(Start(environment=dict(variables))) + "\n")
            requests.flush()
            first = answers.readline()
            if not first:
                raise PlatformError(
                    "plugins-failed",
                    "the local plug-ins did not start",
                    at=str(log),
                    hint=f"tail {log}",
                )
            yield json.loads(first)
        finally:
            requests.close()
            # The end of its stdout marks its exit; it is not a child of this process.
            if not select.select([answers], [], [], _END_SECONDS)[0]:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
