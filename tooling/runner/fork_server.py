"""The process that workers and plug-ins are forked from, and the runner's handle to it.

Loading Pulumi's SDK takes most of a second of a processor, and the Kubernetes SDK's part that nearly every program
uses another one. As with `multiprocessing`'s fork server, this process does nothing but import: there is neither a
thread nor a gRPC channel before a fork. A worker loads its project's own modules itself, so two projects still never
share one.

A request is a JSON object with open files: the new process' stdin, stdout and stderr, and what it is to keep open. The
answer comes from that process: its number, once it leads a session of its own. The first line that it reads is a
`messages.Start`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from shared.errors import PlatformError
from tooling.paths import REPOSITORY
from tooling.runner.messages import Start, from_line

Serve = Callable[[TextIO, Start], None]
"""What a forked process does with its stdin, after its first line has been read."""

_PROCESS_NUMBER = struct.Struct("=i")
_LARGEST_REQUEST = 1 << 16
_MOST_FILES = 8


def start_server(connection: int, variables: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
    """Starts the process in a new interpreter; it answers on the descriptor `connection`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tooling.runner.fork_server", str(connection)],
        cwd=REPOSITORY,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=[connection],
        start_new_session=True,
    )


class ForkServer:
    """Starts at once, so that it imports while the runner still reads the graph; stops at the end of the block.

    Args:
        variables: environment of the process itself; every worker is given its own.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._connection, theirs = socket.socketpair()
        # A temporary file, so that a command that is refused at once leaves nothing behind.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        with theirs:
            self._process = start_server(theirs.fileno(), variables, self._output.fileno())

    def fork_worker(self, project: Path, files: Sequence[int]) -> int:
        """Starts the worker of `project` and returns its process number.

        Args:
            files: its first three, and any that it only holds as long as it lives.

        Raises:
            PlatformError: `workers-failed`, with the last line of the server's output.
        """
        return self._fork({"project": str(project)}, files)

    def fork_serving(self, module: str, files: Sequence[int]) -> int:
        """Starts a process that runs `serve` of `module`, such as `tooling.plugins.serve`; else as `fork_worker`."""
        return self._fork({"module": module}, files)

    def _fork(self, what: Mapping[str, str], files: Sequence[int]) -> int:
        request = json.dumps(what).encode()
        with self._lock:
            try:
                socket.send_fds(self._connection, [request], files)
                answer = self._connection.recv(_PROCESS_NUMBER.size, socket.MSG_WAITALL)
            except OSError:
                answer = b""
        if len(answer) != _PROCESS_NUMBER.size:
            self._output.seek(0)
            said = self._output.read().decode(errors="replace").strip().splitlines() or ["it printed no error"]
            raise PlatformError(
                "workers-failed",
                f"the process that starts the workers has exited: {said[-1]}",
                at="",
                hint="run the command again; if it fails again: make setup",
            )
        return _PROCESS_NUMBER.unpack(answer)[0]

    def close(self) -> None:
        """Stops the server. Running workers continue."""
        self._connection.close()
        # It may be killed during an import, without loss.
        self._process.kill()
        self._process.wait()
        self._output.close()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def main() -> None:
    # The runner passes Ctrl-C on; forked processes inherit this setting.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    # Imported modules are not garbage, and collection takes a tenth of the time.
    gc.disable()
    worker = importlib.import_module("tooling.runner.worker")
    while True:
        request, files, _flags, _address = socket.recv_fds(connection, _LARGEST_REQUEST, _MOST_FILES)
        if not request:
            return
        what = json.loads(request)
        if "project" in what:
            project = Path(what["project"])
            _preload(project)
            serve: Serve = partial(worker.run, project)
        else:
            serve = partial(_serve, what["module"])
        gc.freeze()
        # A finished child stays a zombie until this process exits, so that its process id is not reused.
        if os.fork() == 0:
            _become(connection, files, serve)
        for file in files:
            os.close(file)


def _preload(project: Path) -> None:
    sdk_modules = importlib.import_module("tooling.runner.sdk_modules")
    for name in sdk_modules.used_by(project):
        # The worker gets the same error and can report it.
        with contextlib.suppress(Exception):
            sdk_modules.load(name)


def _serve(module: str, requests: TextIO, _start: Start) -> None:
    importlib.import_module(module).serve(requests)


def _become(connection: socket.socket, files: Sequence[int], serve: Serve) -> None:
    """Turns a new fork into the requested process; never returns."""
    code = 1
    try:
        os.setsid()
        for number, file in enumerate(files[:3]):
            os.dup2(file, number)
            os.close(file)
        connection.sendall(_PROCESS_NUMBER.pack(os.getpid()))
        connection.close()
        gc.enable()
        with os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8") as requests:
            start: Start = from_line(requests.readline())
            os.environ.clear()
            os.environ.update(start.environment)
            serve(requests, start)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Skip the interpreter's shutdown, which would touch, and so copy, every page that the fork shares.
        os._exit(code)


if __name__ == "__main__":
    main()
