"""`python -m tooling.kubelet.fork_server`: the process that services are forked from.

Importing a web framework takes most of the start of a small service. This process imports what services import, except
their own code, and forks. It reads requests from the kubelet's socket, one JSON object per line, and answers in the
same way with process ids and exit codes. When that socket closes, or this process dies, the services die.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
"""Source: prctl(2)."""
_NOT_FOUND = 127
_KILLED = 128 + signal.SIGKILL


def main() -> Callable[[], None] | None:
    """Returns, in a new process, what that process has to run."""
    connection = socket.socket(fileno=int(sys.argv[-1]))
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    woken.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(connection, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    numbers: dict[int, int] = {}  # of each running process, to the kubelet's number
    unread = b""
    while True:
        for key, _ in selector.select():
            if key.fileobj is woken:
                woken.recv(4096)
                for pid, code in _reaped():
                    _say(connection, {"number": numbers.pop(pid), "code": code})
                continue
            received = connection.recv(1 << 16)
            if not received:
                for pid in numbers:
                    os.kill(pid, signal.SIGKILL)
                return None
            *lines, unread = (unread + received).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if "signal" in request:
                    for pid in [pid for pid, number in numbers.items() if number == request["number"]]:
                        os.kill(pid, request["signal"])
                    continue
                _preload(Path(request["directory"]))
                gc.freeze()
                parent = os.getpid()
                pid = os.fork()
                if pid == 0:
                    selector.close()
                    for each in (connection, woken, waker):
                        each.close()
                    return _become(request, parent)
                numbers[pid] = request["number"]
                _say(connection, {"number": request["number"], "pid": pid})


def _reaped() -> Iterator[tuple[int, int]]:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            yield pid, code if code >= 0 else 128 - code


def _say(connection: socket.socket, message: Mapping[str, Any]) -> None:
    # The kubelet's end is closed only when it has ended; the next read tells.
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def _become(request: Mapping[str, Any], parent: int) -> Callable[[], None]:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(_KILLED)
    output = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(file, number)
    os.closerange(3, 256)
    directory, command, environment = request["directory"], request["command"], request["environment"]
    former = str(Path.cwd())
    os.chdir(directory)
    module = request["module"]
    if not module:
        _execute(command, environment)
    os.environ.clear()
    os.environ.update(environment)
    # Nothing of this repository is in an image, except the service.
    own = {former, *request["hidden_paths"], ""}
    sys.path[:] = [directory, *(path for path in sys.path if path not in own)]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tooling", "shared")]:
        del sys.modules[name]
    sys.argv = [module, *command]
    for stream, number in (("stdout", 1), ("stderr", 2)):
        setattr(sys, stream, open(number, "w", buffering=1, encoding="utf-8", closefd=False))  # noqa: SIM115
    gc.enable()

    def run() -> None:
        runpy.run_module(module, run_name="__main__", alter_sys=True)

    return run


def _execute(command: list[str], environment: Mapping[str, str]) -> None:
    try:
        os.execvpe(command[0], command, dict(environment))  # noqa: S606  as a container runtime does
    except OSError as error:
        os.write(2, f"exec: {command[0]!r}: {error.strerror}\n".encode())
    os._exit(_NOT_FOUND)


_preloaded: set[str] = set()


def _preload(directory: Path) -> None:
    """Imports the modules that a source tree imports, except its own; which of them exist does not matter here."""
    if str(directory) in _preloaded:
        return
    _preloaded.add(str(directory))
    own = {path.stem for path in directory.iterdir()}
    for name in sorted(imported_by(directory)):
        if name.partition(".")[0] not in own:
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def imported_by(directory: Path) -> set[str]:
    """Modules that the Python files in `directory` import by their whole name."""
    found: set[str] = set()
    for file in directory.rglob("*.py"):
        with contextlib.suppress(SyntaxError, ValueError, OSError):
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Import):
                    found.update(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module)
    return found


if __name__ == "__main__":
    run = main()
    if run is not None:
        run()
