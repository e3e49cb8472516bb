"""The worker processes of one run, a project each, started when first needed."""

from __future__ import annotations

import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from tooling.paths import REPOSITORY
from tooling.runner.messages import Diagnostic, Message, Request, Result, Step, from_line, to_line

_END_SECONDS = 10


class WorkerProcess:
    """One worker and the thread that reads its messages."""

    def __init__(self, project: Path, variables: Mapping[str, str], log: Path) -> None:
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tooling.runner.worker", str(project)],
                cwd=REPOSITORY,
                env=dict(variables),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # A process group of its own: the run passes Ctrl-C on, once, to worker and engine alike.
                start_new_session=True,
            )
        self._waiting: dict[int, queue.SimpleQueue[Message]] = {}
        self._lock = threading.Lock()
        self._ended = False
        threading.Thread(target=self._read, name=f"messages of {project.name}", daemon=True).start()

    def run(self, request: Request, on_message: Callable[[Step | Diagnostic], None]) -> Result:
        """Sends a request and waits for its result; a worker that dies is a failed result, never a hang."""
        answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
        with self._lock:
            if self._ended:
                return self._lost(request.number)
            self._waiting[request.number] = answers
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(to_line(request) + "\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                return self._lost(request.number)
        while True:
            message = answers.get()
            if isinstance(message, Result):
                return message
            on_message(message)

    def interrupt(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)

    def close(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(timeout=_END_SECONDS)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = from_line(line)
            with self._lock:
                waiting = self._waiting.get(message.number)
            if waiting is not None:
                waiting.put(message)
        self._process.stdout.close()
        with self._lock:
            self._ended = True
            waiting_still = dict(self._waiting)
        for number, answers in waiting_still.items():
            answers.put(self._lost(number))

    def _lost(self, number: int) -> Result:
        error = (
            f"error[worker-died]: the worker process ended in the middle\nhint: run the command again; log: {self._log}"
        )
        return Result(number=number, ok=False, error=error)


class Workers:
    """Starts workers on demand; closing ends them all."""

    def __init__(self, variables: Mapping[str, str], logs: Path) -> None:
        self._variables = variables
        self._logs = logs
        self._processes: dict[Path, WorkerProcess] = {}
        self._lock = threading.Lock()
        self.numbers = itertools.count(1)

    def of(self, project: Path) -> WorkerProcess:
        with self._lock:
            if project not in self._processes:
                log = self._logs / f"worker-{project.name}.log"
                self._processes[project] = WorkerProcess(project, self._variables, log)
            return self._processes[project]

    def interrupt(self) -> None:
        for process in list(self._processes.values()):
            process.interrupt()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.close()
