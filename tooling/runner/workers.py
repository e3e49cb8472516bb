"""The worker processes of one run, one per project, started on first use."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tooling.runner.fork_server import ForkServer
from tooling.runner.messages import (
    Diagnostic,
    FailedCreate,
    Failure,
    Message,
    Request,
    Result,
    Start,
    Step,
    from_line,
    to_line,
)

_END_SECONDS = 10


class WorkerProcess:
    """One worker and the thread that reads its messages.

    `group` is its process id, and the id of the process group of the worker and its engines.
    """

    def __init__(
        self,
        server: ForkServer,
        project: Path,
        variables: Mapping[str, str],
        log: Path,
        *,
        engine_version: str = "",
        keep_open: Sequence[int] = (),
    ) -> None:
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        theirs_in, mine_in = os.pipe()
        mine_out, theirs_out = os.pipe()
        self._in = os.fdopen(mine_in, "w", encoding="utf-8")
        self._out = os.fdopen(mine_out, encoding="utf-8")
        try:
            with log.open("a", encoding="utf-8") as errors:
                # Its own process group: the run passes Ctrl-C on, once, to both worker and engine.
                self.group = server.fork_worker(project, (theirs_in, theirs_out, errors.fileno(), *keep_open))
        except BaseException:
            self._in.close()
            self._out.close()
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._waiting: dict[int, queue.SimpleQueue[Message]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._send(Start(environment=dict(variables), engine_version=engine_version))
        threading.Thread(target=self._read, name=f"messages of {project.name}", daemon=True).start()

    def run(self, request: Request, on_message: Callable[[Step | Diagnostic | FailedCreate], None]) -> Result:
        """Sends a request and waits for its result; a worker that dies gives a failed result."""
        answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
        with self._lock:
            if self._ended.is_set():
                return self._lost(request.number)
            self._waiting[request.number] = answers
            if not self._send(request):
                return self._lost(request.number)
        while True:
            message = answers.get()
            if isinstance(message, Result):
                return message
            on_message(message)

    def interrupt(self) -> None:
        self._signal(signal.SIGINT)

    def close(self) -> None:
        """Lets it finish its work; kills it after a time limit."""
        with contextlib.suppress(BrokenPipeError):
            self._in.close()
        if not self._ended.wait(_END_SECONDS):
            self._signal(signal.SIGKILL)
            self._ended.wait()

    def _signal(self, number: signal.Signals) -> None:
        if not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.group, number)

    def _send(self, message: Request | Start) -> bool:
        """False if the worker has closed its stdin."""
        try:
            self._in.write(to_line(message) + "\n")
            self._in.flush()
        except BrokenPipeError:
            return False
        return True

    def _read(self) -> None:
        for line in self._out:
            message = from_line(line)
            with self._lock:
                waiting = self._waiting.get(message.number)
            if waiting is not None:
                waiting.put(message)
        self._out.close()
        with self._lock:
            self._ended.set()
            waiting_still = dict(self._waiting)
        for number, answers in waiting_still.items():
            answers.put(self._lost(number))

    def _lost(self, number: int) -> Result:
        error = (
            "error[worker-died]: the worker process exited before it returned a result\n"
            f"hint: run the command again; log: {self._log}"
        )
        return Result(number=number, failure=Failure(message=error))


class Workers:
    """Starts workers on demand; stops them all at the end of the block."""

    def __init__(
        self,
        server: ForkServer,
        variables: Mapping[str, str],
        logs: Path,
        *,
        engine_version: str,
        keep_open: Sequence[int] = (),
    ) -> None:
        self._server = server
        self._variables = variables
        self._keep_open = keep_open
        self._logs = logs
        self._engine_version = engine_version
        self._processes: dict[Path, WorkerProcess] = {}
        self._lock = threading.Lock()
        self.numbers = itertools.count(1)

    def of(self, project: Path) -> WorkerProcess:
        with self._lock:
            if project not in self._processes:
                log = self._logs / f"worker-{project.name}.log"
                self._processes[project] = WorkerProcess(
                    self._server,
                    project,
                    self._variables,
                    log,
                    engine_version=self._engine_version,
                    keep_open=self._keep_open,
                )
            return self._processes[project]

    def interrupt(self) -> None:
        for process in list(self._processes.values()):
            process.interrupt()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.close()
