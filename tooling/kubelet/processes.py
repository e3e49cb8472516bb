"""Starts the processes of containers through the fork server, and reports how each ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tooling.paths import REPOSITORY

FORK_SERVER = ("-m", "tooling.kubelet.fork_server", "--directory")
"""First words of its command line, before the kubelet's directory; forked services have the same command line."""

KILLED = 128 + signal.SIGKILL

_INTERPRETERS = ("python", "python3", "/usr/bin/python3", "/usr/local/bin/python", "/usr/local/bin/python3")


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a container runs: a module of Python in the forked process, or any other program."""

    module: str
    command: tuple[str, ...]
    """The module's arguments, or the whole command of a program."""


def program(command: Sequence[str], environment: Mapping[str, str]) -> Program:
    """Which program to run for a container's command.

    The interpreter reads the variables `PYTHON…` when it starts, so a process that has one is not forked.
    """
    if command[0] not in _INTERPRETERS:
        return Program(module="", command=tuple(command))
    if len(command) > 2 and command[1] == "-m" and not any(name.startswith("PYTHON") for name in environment):
        return Program(module=command[2], command=tuple(command[3:]))
    return Program(module="", command=interpreted(command))


def interpreted(command: Sequence[str]) -> tuple[str, ...]:
    """The command, with this environment's interpreter, which has what services import, for the image's."""
    return (sys.executable, *command[1:]) if command and command[0] in _INTERPRETERS else tuple(command)


class Processes:
    """The fork server is started with the first container. Thread-safe.

    Args:
        directory: the kubelet's own.
        ended: called with the number that `start` returned and an exit code, in a thread of its own.
    """

    def __init__(self, directory: Path, ended: Callable[[int, int], None]) -> None:
        self._directory = directory
        self._ended = ended
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._next = 0
        self._running: dict[int, int | None] = {}

    def start(self, what: Program, environment: Mapping[str, str], tree: Path, log: Path) -> int:
        """Starts a process in `tree` with exactly `environment`, and returns its number."""
        with self._lock:
            self._next += 1
            number = self._next
            self._running[number] = None
            request = {
                "number": number,
                "module": what.module,
                "command": what.command,
                "environment": dict(environment),
                "directory": str(tree),
                "log": str(log),
                "hidden_paths": [str(REPOSITORY), str(self._directory)],
            }
            self._send(request)
        return number

    def signal(self, number: int, which: signal.Signals) -> None:
        """Does nothing if the process has ended."""
        with self._lock:
            if number in self._running:
                self._send({"number": number, "signal": int(which)})

    def close(self) -> None:
        """Kills every process."""
        with self._lock:
            if self._connection is not None:
                self._connection.shutdown(socket.SHUT_RDWR)

    def _send(self, request: Mapping[str, object]) -> None:
        line = json.dumps(request).encode() + b"\n"
        if self._connection is None:
            self._connection = self._server()
        # If the server has died, the reading thread reports that its processes have ended.
        with contextlib.suppress(OSError):
            self._connection.sendall(line)

    def _server(self) -> socket.socket:
        connection, theirs = socket.socketpair()
        with theirs, (self._directory / "fork_server.log").open("ab") as log:
            server = subprocess.Popen(
                [sys.executable, *FORK_SERVER, str(self._directory), str(theirs.fileno())],
                cwd=self._directory,
                env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        threading.Thread(target=self._read, args=(connection, server), daemon=True).start()
        return connection

    def _read(self, connection: socket.socket, server: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(OSError), connection.makefile("rb") as answers:
            for line in answers:
                answer = json.loads(line)
                if "pid" in answer:
                    with self._lock:
                        self._running[answer["number"]] = answer["pid"]
                else:
                    with self._lock:
                        self._running.pop(answer["number"])
                    self._ended(answer["number"], answer["code"])
        with self._lock:
            self._connection = None
            lost, self._running = self._running, {}
        for pid in filter(None, lost.values()):
            # They have died with the server on Linux; elsewhere nothing ends them.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        server.wait()
        for number in lost:
            self._ended(number, KILLED)
