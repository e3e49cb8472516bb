"""Processes that start with their modules loaded: forked from one process of the test session, which has imported them.

Loading what `tiers` needs takes 0.3 s of a processor, loading what the emulated AWS needs 2 s, and a fork a hundredth
of a second. A forked process is one like any other: it has a directory, an environment, arguments and files of its own,
leads its own session, and can be killed. It differs from an installed command in its start alone, so each kind of
command keeps a few tests that start a new interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_NUMBER = struct.Struct("=i")
_LARGEST_REQUEST = 1 << 17


class Process:
    """A forked process, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended: int = ended

    def poll(self) -> int | None:
        return self._await(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._await(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _await(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], seconds)[0]:
            said = os.read(self._ended, _NUMBER.size)
            os.close(self._ended)
            assert len(said) == _NUMBER.size, "the process that forks has ended"
            (self.returncode,) = _NUMBER.unpack(said)
        return self.returncode


class Preloaded:
    """The process that is forked.

    Args:
        modules: that it imports.
        root: directory of the tree whose modules they are.
        variables: environment while it imports; a forked process is given its own.
    """

    def __init__(self, *modules: str, root: Path, variables: Mapping[str, str]) -> None:
        self._connection, theirs = socket.socketpair()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.preloaded", str(theirs.fileno()), *modules],
                cwd=root,
                env={**variables, "PYTHONPATH": str(root)},
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def start(
        self,
        entry: str,
        arguments: Sequence[str],
        *,
        cwd: Path,
        variables: Mapping[str, str],
        tree: Path | None = None,
        stdout: IO[bytes] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> Process:
        """Forks a process that calls `entry`, such as `tooling.cli.main:main`, with `arguments` in `sys.argv`.

        Args:
            tree: where modules that are not loaded yet are looked for first; by default in `root`.
        """
        request = {
            "entry": entry,
            "arguments": list(arguments),
            "cwd": str(cwd),
            "variables": dict(variables),
            "path": [str(tree)] if tree else [],
        }
        ours, theirs = os.pipe()
        with open(os.devnull, "r+b") as nothing:  # noqa: PTH123
            files = [each.fileno() for each in (nothing, stdout or nothing, stderr or nothing)]
            message = json.dumps(request).encode()
            try:
                socket.send_fds(self._connection, [_NUMBER.pack(len(message))], [*files, theirs])
                self._connection.sendall(message)
                answer = self._connection.recv(_NUMBER.size, socket.MSG_WAITALL)
            except OSError:
                answer = b""
            finally:
                os.close(theirs)
        if len(answer) != _NUMBER.size:
            os.close(ours)
            self._said.seek(0)
            raise RuntimeError(f"the process that forks has ended: {self._said.read().decode(errors='replace')}")
        return Process(_NUMBER.unpack(answer)[0], ours)

    def run(
        self,
        entry: str,
        arguments: Sequence[str],
        *,
        cwd: Path,
        variables: Mapping[str, str],
        tree: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Starts, waits and returns what was written."""
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            process = self.start(
                entry, arguments, cwd=cwd, variables=variables, tree=tree, stdout=stdout, stderr=stderr
            )
            code = process.wait()
            said = []
            for file in (stdout, stderr):
                file.seek(0)
                said.append(file.read().decode())
        return subprocess.CompletedProcess([entry, *arguments], code, *said)

    def close(self) -> None:
        """Ends it, and every forked process that still runs."""
        self._connection.close()
        self._process.wait()
        self._said.close()


def _main() -> None:
    connection = socket.socket(fileno=int(sys.argv[1]))
    gc.disable()
    for name in sys.argv[2:]:
        # Pulumi's SDKs put modules into `sys.modules` that load when they are first used.
        hasattr(importlib.import_module(name), "used")
    gc.freeze()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    living: dict[int, int] = {}
    while True:
        ready = select.select([connection, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
            _report_ended(living)
        if connection not in ready:
            continue
        size, files, _flags, _address = socket.recv_fds(connection, _NUMBER.size, 4)
        if not size:
            break
        request = json.loads(connection.recv(_NUMBER.unpack(size)[0], socket.MSG_WAITALL))
        *standard, ended = files
        pid = os.fork()
        if pid == 0:
            for descriptor in (connection.detach(), ended, woken, wake, *living.values()):
                os.close(descriptor)
            _become(request, standard)
        living[pid] = ended
        for file in standard:
            os.close(file)
        connection.sendall(_NUMBER.pack(pid))
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _report_ended(living: dict[int, int]) -> None:
    for pid in list(living):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            listener = living.pop(pid)
            # Whoever started it may have lost interest.
            with contextlib.suppress(BrokenPipeError):
                os.write(listener, _NUMBER.pack(os.waitstatus_to_exitcode(status)))
            os.close(listener)


def _become(request: dict[str, object], standard: Sequence[int]) -> None:
    """Turns a fresh fork into what was asked for; never returns."""
    code: object = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        for number, file in enumerate(standard):
            os.dup2(file, number)
            os.close(file)
        os.chdir(str(request["cwd"]))
        os.environ.clear()
        os.environ.update(request["variables"])  # type: ignore[call-overload]
        sys.path[:0] = request["path"]  # type: ignore[call-overload]
        module, _, function = str(request["entry"]).partition(":")
        sys.argv = [module, *request["arguments"]]  # type: ignore[misc]
        gc.enable()
        code = getattr(importlib.import_module(module), function)() or 0
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
        # What an interpreter does at its end, but for taking apart the modules that the fork shares.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _main()
