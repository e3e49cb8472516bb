"""A worker: runs one project's program for any number of its stacks, each in a thread.

One process per project, since modules of two projects with the same name (`settings.py`) would collide. Forked by
`fork_server`, which has imported this module; requests come in on stdin, messages go out on the stdout it was given.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from pulumi import automation
from semver import VersionInfo

from shared.errors import PlatformError, Refused
from shared.pulumi_internals import select_mode
from tooling.foreign_errors import with_hint
from tooling.runner.engine_events import Translator
from tooling.runner.messages import Failure, Message, Request, Result, Start, from_line, to_line
from tooling.runner.program import Program
from tooling.system_errors import from_os_error


class BareStack(automation.Stack):
    """Skips what the Automation API queries before and after every operation: whether the stack exists, its outputs,
    twice, and its history. These are four more engine runs per stack for unused results: a missing stack makes the
    operation fail, and events report what changed.
    """

    def __init__(self, name: str, workspace: automation.LocalWorkspace) -> None:
        # What the base class does, without `pulumi stack select`: every command names its stack.
        self.name = name
        self.workspace = workspace
        self._mode = select_mode()

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        return automation.UpdateSummary(
            kind="", start_time=datetime.now(UTC), message="", environment={}, config={}, result=""
        )


class KnownEngine(automation.PulumiCommand):
    """The engine on PATH, with a version known to the runner, which saves starting it once more to ask."""

    def __init__(self, version: str) -> None:
        self.command = "pulumi"
        self.version = VersionInfo.parse(version)


class Worker:
    def __init__(self, project: Path, out: TextIO, engine: automation.PulumiCommand) -> None:
        self._project = project
        self._out = out
        self._sending = threading.Lock()
        # The SDKs load modules on first use; a second thread could see a partly loaded module.
        self._executing = threading.Lock()
        self._code: Any = None
        self._command = engine

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
        program = Program(self._project, self._execute)
        try:
            result = Result(number=request.number, changes=self._run(request, program, translator))
        except automation.ConcurrentUpdateError:
            result = Result(number=request.number, failure=Failure.of(_locked(f"{self._project.name}/{request.stack}")))
        except automation.CommandError as error:
            message = "" if translator.said_error else with_hint(_last_lines(str(error)))
            # The engine has reported the message of the program's own error.
            failure = dataclasses.replace(
                Failure.of(program.failure) if program.failure is not None else Failure(), message=message
            )
            result = Result(number=request.number, changes=translator.changes, failure=failure)
        except PlatformError as error:
            result = Result(number=request.number, failure=Failure.of(error))
        except OSError as error:
            result = Result(number=request.number, failure=Failure(message=str(from_os_error(error))))
        except Exception as error:
            result = Result(number=request.number, failure=Failure(message=f"{type(error).__name__}: {error}"))
        self._send(dataclasses.replace(result, seconds=round(time.monotonic() - started, 3)))

    def _run(self, request: Request, program: Program, translator: Translator) -> dict[str, int]:
        workspace = automation.LocalWorkspace(
            work_dir=request.work_dir,
            program=program,
            pulumi_command=self._command,
            secrets_provider=request.secrets_provider or None,
        )
        if request.new:
            with contextlib.suppress(automation.StackAlreadyExistsError):
                workspace.create_stack(request.stack)
        try:
            self._operate(request, BareStack(request.stack, workspace), translator)
        except automation.StackNotFoundError:
            workspace.create_stack(request.stack)
            self._operate(request, BareStack(request.stack, workspace), translator)
        if request.operation == "destroy" and request.remove:
            workspace.remove_stack(request.stack, preserve_config=False)
        return translator.changes

    def _operate(self, request: Request, stack: BareStack, translator: Translator) -> None:
        common: dict[str, Any] = {"on_event": translator.event, "color": "never"}
        packs = [request.policy_pack] if request.policy_pack else None
        if request.operation == "preview":
            stack.preview(refresh=request.refresh or None, policy_packs=packs, **common)
        elif request.operation == "up":
            stack.up(
                refresh=request.refresh or None,
                policy_packs=packs,
                show_secrets=False,
                suppress_progress=True,
                **common,
            )
        elif request.operation == "refresh":
            stack.refresh(show_secrets=False, suppress_progress=True, target=request.targets or None, **common)
        else:
            stack.destroy(show_secrets=False, suppress_progress=True, refresh=request.refresh or None, **common)

    def _execute(self) -> None:
        """Runs `__main__.py`. Compiled once; executed in a fresh namespace for every stack."""
        path = self._project / "__main__.py"
        with self._executing:
            if self._code is None:
                # `dont_inherit`: else this module's `from __future__` would turn its annotations into strings.
                self._code = compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)
            exec(self._code, {"__name__": "__main__", "__file__": str(path)})  # noqa: S102  the project's own program

    def _send(self, message: Message) -> None:
        with self._sending:
            self._out.write(to_line(message) + "\n")
            self._out.flush()


def _locked(stack: str) -> Refused:
    return Refused(
        "stack-locked",
        f"another update of {stack} holds its lock",
        at=stack,
        hint=f"wait for it; if none is running: pulumi cancel --stack {stack}",
    )


def _last_lines(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-15:])


def run(project: Path, requests: TextIO, start: Start) -> None:
    """Serves the requests for `project` until there are no more."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # Output of the program must not mix with the messages.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.path.insert(0, str(project))
    engine = KnownEngine(start.engine_version) if start.engine_version else automation.PulumiCommand()
    Worker(project, out, engine).serve(requests)
