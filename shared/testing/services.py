"""Runs the service of an application as a process, as its container starts it, and speaks HTTP with it.

The service listens on `HOST` and `PORT`, and logs one JSON object per line; one with the message `listening` has the
port. Nothing waits for a time: the log and the answers say what has happened.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """With names in lower case."""
    text: str

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass
class RunningService:
    process: subprocess.Popen[str]
    port: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What it has logged, as far as it was read."""

    def logged(self, message: str) -> dict[str, Any]:
        """Reads the log until this message."""
        for line in self._log():
            if line["message"] == message:
                return line
        raise AssertionError(f"it ended without {message!r}: {self.lines}")

    def ended(self) -> int:
        """Reads the rest of the log, and returns the exit code."""
        for _ in self._log():
            pass
        return self.process.wait()

    def send(self, path: str, *, method: str = "GET", **headers: str) -> http.client.HTTPConnection:
        """Sends a request; the caller receives its answer, and closes the connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        connection = self.send(path, method=method, **headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(status=response.status, headers=names, text=response.read().decode())
        connection.close()
        return answer

    def _log(self) -> Iterator[dict[str, Any]]:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            self.lines.append(json.loads(text))
            yield self.lines[-1]


@contextmanager
def running_service(
    directory: Path, module: str, *, until: str = "listening", **variables: str
) -> Generator[RunningService]:
    """`python -m <module>` in the service's directory, on a free port, with these environment variables; killed at the
    end if it still runs.

    Args:
        until: message to wait for.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=directory,
        env=_environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        running = RunningService(process)
        running.port = running.logged(until).get("port", 0)
        yield running
    finally:
        process.kill()
        process.communicate()


def refused_service(directory: Path, module: str, **variables: str) -> tuple[int, dict[str, Any]]:
    """Starts a service that cannot start: its exit code, and the one line that it logs."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=directory,
        env=_environment(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    return done.returncode, json.loads(line)


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Nothing of this process except where programs are found. A warning fails the service."""
    return {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": "0", "PYTHONWARNINGS": "error", **variables}
