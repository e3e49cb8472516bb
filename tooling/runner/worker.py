"""A worker: runs one project's program for as many of its stacks as it is asked to, each in a thread.

One process a project, since two projects' modules of one name (`settings.py`) would meet in one. Started with the
project's directory as its argument; requests come in on stdin, messages go out on the stdout it was started with.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pulumi
from pulumi import automation

# Not exported, and the only way to make an object of a class derived from `Stack`.
from pulumi.automation._stack import StackInitMode

from shared.errors import ExitCode, PlatformError
from tooling.runner.engine_events import Translator
from tooling.runner.messages import Message, Request, Result, from_line, to_line


class _Stack(automation.Stack):
    """Without what the Automation API reads after every operation: outputs, twice, and history. That is three more
    starts of the engine a stack, for results that nobody here looks at; events say what changed.
    """

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        return automation.UpdateSummary(
            kind="", start_time=datetime.now(UTC), message="", environment={}, config={}, result=""
        )


class Worker:
    def __init__(self, project: Path, out: TextIO) -> None:
        self._project = project
        self._out = out
        self._sending = threading.Lock()
        # The SDKs load their modules when they are first touched, and two threads that touch one see it half loaded.
        self._executing = threading.Lock()
        self._code: Any = None
        self._refusals: dict[int, ExitCode] = {}
        self._command = automation.PulumiCommand()

    def serve(self, requests: TextIO) -> None:
        threads = []
        for line in requests:
            thread = threading.Thread(target=self._answer, args=(from_line(line),))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()

    def _answer(self, request: Request) -> None:
        started = time.monotonic()
        translator = Translator(request.number, self._send)
        try:
            changes = self._run(request, translator)
            result = Result(number=request.number, ok=True, changes=changes)
        except automation.ConcurrentUpdateError:
            result = Result(
                number=request.number, ok=False, error=_LOCKED.format(stack=f"{self._project.name}/{request.stack}")
            )
        except automation.CommandError as error:
            said = "" if translator.said_error else _last_lines(str(error))
            result = Result(number=request.number, ok=False, changes=translator.changes, error=said)
        except PlatformError as error:
            result = Result(number=request.number, ok=False, error=str(error))
        except Exception as error:
            result = Result(number=request.number, ok=False, error=f"{type(error).__name__}: {error}")
        seconds = round(time.monotonic() - started, 3)
        refusal = self._refusals.pop(request.number, ExitCode.DEPLOYMENT_FAILED)
        self._send(dataclasses.replace(result, seconds=seconds, exit_code=int(refusal)))

    def _run(self, request: Request, translator: Translator) -> dict[str, int]:
        workspace = automation.LocalWorkspace(
            work_dir=request.work_dir,
            program=partial(self._program, request.number),
            pulumi_command=self._command,
            secrets_provider=request.secrets_provider or None,
        )
        stack = _Stack(request.stack, workspace, StackInitMode.CREATE_OR_SELECT)
        common: dict[str, Any] = {"on_event": translator.event, "color": "never"}
        if request.operation == "preview":
            stack.preview(refresh=request.refresh or None, **common)
        elif request.operation == "up":
            stack.up(refresh=request.refresh or None, show_secrets=False, suppress_progress=True, **common)
        elif request.operation == "refresh":
            stack.refresh(show_secrets=False, suppress_progress=True, **common)
        else:
            stack.destroy(show_secrets=False, suppress_progress=True, refresh=request.refresh or None, **common)
            if request.remove:
                workspace.remove_stack(request.stack, preserve_config=False)
        return translator.changes

    def _program(self, number: int) -> None:
        """Runs `__main__.py`. Compiled once; executed in a fresh namespace for every stack."""
        path = self._project / "__main__.py"
        try:
            with self._executing:
                if self._code is None:
                    self._code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
                exec(self._code, {"__name__": "__main__", "__file__": str(path)})  # noqa: S102  it is our own program
        except PlatformError as error:
            self._refusals[number] = error.exit_code
            if isinstance(error, pulumi.RunError):
                raise
            raise pulumi.RunError(str(error)) from error

    def _send(self, message: Message) -> None:
        with self._sending:
            self._out.write(to_line(message) + "\n")
            self._out.flush()


_LOCKED = (
    "error[stack-locked]: another update of {stack} holds its lock\n"
    "hint: wait for it; if none is running: pulumi cancel --stack {stack}"
)


def _last_lines(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-15:])


def main() -> None:
    # Ctrl-C reaches the engine through the whole process group; the worker stays to report how it ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    project = Path(sys.argv[1]).resolve()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # A program that prints must not spoil the messages.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.path.insert(0, str(project))
    # Most of a program's start is loading the SDKs; workers of later tiers do it while earlier tiers run.
    importlib.import_module("shared.providers")
    Worker(project, out).serve(sys.stdin)


if __name__ == "__main__":
    main()
