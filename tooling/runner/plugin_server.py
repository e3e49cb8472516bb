"""The process that serves the lane's plug-ins during one run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from shared.errors import PlatformError
from tooling.paths import REPOSITORY, local_directory

_END_SECONDS = 5


@contextmanager
def running_plugins(variables: Mapping[str, str]) -> Iterator[dict[str, int]]:
    """Starts the process and yields package name to loopback port; ends it afterwards, however the run went.

    Raises:
        PlatformError: `plugins-failed`, naming the log.
    """
    log = local_directory() / "logs" / "plugins.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tooling.plugins.serve"],
            cwd=REPOSITORY,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # Out of the terminal's process group: Ctrl-C is for the engine, which needs its plug-ins to stop well.
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        if not first:
            raise PlatformError(
                "plugins-failed",
                "the local plug-ins did not start",
                where=str(log),
                mend=f"tail {log}",
            )
        yield json.loads(first)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
