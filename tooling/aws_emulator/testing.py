"""A context manager that runs an emulator, for tests that need AWS.

A process of its own on free loopback ports, so that tests run side by side; ended by its process id, failure or not.
It is forked from a process that has moto loaded, one in each test process, for moto takes seconds to load.
"""

from __future__ import annotations

import atexit
import functools
import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from shared.errors import PlatformError
from tests.preloaded import Preloaded, Process
from tooling.aws_emulator.authorization.operators import TESTING, document
from tooling.aws_emulator.process import environment
from tooling.paths import REPOSITORY

ACCOUNT = "123456789012"
REGION = "us-east-1"
_START_SECONDS = 120
_ATTEMPTS = 3
_SESSION = boto3.Session()
"""One for all, since reading a service's model takes longer than asking it."""

_ONE_TRY = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


@dataclass
class Emulator:
    """A running emulated AWS."""

    endpoint_url: str
    webhook_url: str
    directory: Path
    process: Process
    _clients: dict[tuple[str, ...], Any] = field(default_factory=dict)

    def client(self, service: str, *, region: str = REGION, **credentials: str) -> Any:
        """A boto3 client that asks once. `credentials` are boto3's own; without them the operator's."""
        keys = {**TESTING.arguments(), **credentials}
        which = (service, region, *sorted(keys.values()))
        if which not in self._clients:
            make: Any = _SESSION.client  # typed by service name, which is a variable here
            self._clients[which] = make(
                service, region_name=region, endpoint_url=self.endpoint_url, config=_ONE_TRY, **keys
            )
        return self._clients[which]

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.endpoint_url}/tiers/health", timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def settle(self) -> None:
        """Returns once the controllers have seen the account as it is and nothing failed."""
        self._wait(lambda: self.health()["controllers"]["settled"], "the controllers did not settle")

    def empty(self) -> None:
        """Makes the account one in which nothing was ever made."""
        request = urllib.request.Request(f"{self.endpoint_url}/moto-api/reset", method="POST")  # noqa: S310 - loopback
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def _wait(self, condition: Any, otherwise: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise PlatformError("emulator-ended", "the emulated AWS ended", at=self._log(), hint="")
            try:
                if condition():
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            time.sleep(0.05)
        raise PlatformError("emulator-slow", f"{otherwise}: {self._log()}", at=str(self.directory), hint="")

    def _log(self) -> str:
        log = self.directory / "emulator.log"
        return log.read_text(encoding="utf-8")[-2000:] if log.exists() else str(log)


@contextmanager
def running_emulator(
    directory: Path,
    *,
    cluster_kubeconfig: Path | None = None,
    oidc_issuer: str | None = None,
    ports: tuple[int, int] | None = None,
) -> Iterator[Emulator]:
    """Starts an emulator on `directory` and waits until it answers; a journal found there is replayed.

    Args:
        ports: of the API and of the webhook, if something else must know them before; else free ones.
    """
    emulator = _started(directory, cluster_kubeconfig, oidc_issuer, ports)
    try:
        yield emulator
    finally:
        emulator.process.terminate()
        try:
            emulator.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            emulator.kill()


def free_ports(count: int) -> list[int]:
    """Currently unused loopback ports; another process may take one before the caller does."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


@functools.cache
def _moto() -> Preloaded:
    """The process that emulators are forked from; it has the environment in which moto must be imported."""
    preloaded = Preloaded("tooling.aws_emulator.preloaded", root=REPOSITORY, variables=environment())
    atexit.register(preloaded.close)
    return preloaded


def _started(directory: Path, kubeconfig: Path | None, issuer: str | None, ports: tuple[int, int] | None) -> Emulator:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    operators = directory / "operators.json"
    operators.write_text(document(TESTING), encoding="utf-8")
    for attempt in range(1, _ATTEMPTS + 1):
        port, webhook_port = ports or tuple(free_ports(2))
        arguments = ["--port", str(port), "--webhook-port", str(webhook_port), "--directory", str(directory)]
        arguments += ["--operators", str(operators)]
        arguments += ["--cluster-kubeconfig", str(kubeconfig)] if kubeconfig is not None else []
        arguments += ["--oidc-issuer", issuer] if issuer is not None else []
        errors = directory / "start.err"
        with errors.open("wb") as stream:
            process = _moto().start(
                "tooling.aws_emulator.__main__:main", arguments, cwd=REPOSITORY, variables=environment(), stderr=stream
            )
        emulator = Emulator(
            endpoint_url=f"http://127.0.0.1:{port}",
            webhook_url=f"http://127.0.0.1:{webhook_port}/",
            directory=directory,
            process=process,
        )
        try:
            emulator._wait(emulator.health, "the emulated AWS did not answer")
            return emulator
        except PlatformError as error:
            process.kill()
            process.wait()
            said = errors.read_text(encoding="utf-8")
            if "port-taken" not in said or ports is not None or attempt == _ATTEMPTS:
                raise PlatformError(error.code, said.strip() or error.what, at=error.at, hint="") from error
    raise AssertionError("unreachable")
