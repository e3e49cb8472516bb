"""Turns every error of a program into one readable message, whether raised in its body, in an `apply`, or while a
resource was registered.

The Automation API prints an error that is not a `pulumi.RunError` as a traceback through the SDK, and does not pass it
to its caller. All errors pass through `run_in_stack`, where this module converts them.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pulumi
from pulumi.runtime import run_in_stack

from shared.errors import PlatformError
from shared.program_errors import ProgramError
from shared.pulumi_internals import run_programs_with
from tooling.paths import REPOSITORY, worker_log
from tooling.runner import source_positions

_SDK = Path(pulumi.__file__).parent


class Program:
    """The program that the Automation API runs for one stack, with its error if it failed."""

    def __init__(self, project: Path, body: Callable[[], None]) -> None:
        self._project = project
        self._body = body
        self.failure: PlatformError | None = None
        """The error that it raised, as a platform error; `None` for errors of the engine."""

    def __call__(self) -> None:
        self._body()

    def to_run_error(self, error: BaseException) -> BaseException:
        """The error in a form of which the engine prints only the message."""
        if isinstance(error, PlatformError):
            self.failure = error
            return error if isinstance(error, pulumi.RunError) else pulumi.RunError(str(error))
        if isinstance(error, pulumi.RunError | grpc.RpcError):
            return error
        if _is_engine_error(error):
            return pulumi.RunError(str(error))
        error = error.with_traceback(vars(error).get(_RAISED_AT, error.__traceback__))
        traceback.print_exception(error, file=sys.stderr)
        self.failure = ProgramError(
            "program-failed",
            _in_one_line(error),
            at=_place(error, self._project),
            hint=f"fix the program; its traceback is in {worker_log(self._project)}",
        )
        return self.failure


_RAISED_AT = "_tiers_raised_at"
"""Attribute of an exception: its traceback in the task that raised it."""


def _traceback_keeping_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **named: Any) -> asyncio.Task[Any]:
    """A task that keeps the traceback of an exception on the exception itself.

    Only the first to await a failed future gets the frames of its exception: `Future.result` hands them out once.
    An output is awaited several times, and not always first by what reports the failure.
    """

    async def keeping() -> Any:
        try:
            return await coroutine
        except Exception as error:
            vars(error).setdefault(_RAISED_AT, error.__traceback__)
            raise

    return asyncio.Task(keeping(), loop=loop, **named)


async def _run_in_stack(program: Callable[[], Awaitable[None] | None]) -> None:
    asyncio.get_running_loop().set_task_factory(_traceback_keeping_task)
    try:
        await run_in_stack(program)
    except BaseException as error:
        if isinstance(program, Program):
            raise program.to_run_error(error) from error
        raise


run_programs_with(_run_in_stack)
source_positions.shorten()


def _is_engine_error(error: BaseException) -> bool:
    """Whether this is the engine's error for a registration or an invoke: the SDK raises a bare `Exception`."""
    frames = traceback.extract_tb(error.__traceback__)
    return type(error) is Exception and bool(frames) and Path(frames[-1].filename).is_relative_to(_SDK)


def _in_one_line(error: BaseException) -> str:
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _place(error: BaseException, project: Path) -> str:
    """The innermost line of the program or of this repository in the error's traceback."""
    if isinstance(error, SyntaxError) and error.filename:
        return _shown(error.filename, error.lineno)
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if any(Path(frame.filename).is_relative_to(root) for root in (REPOSITORY, project))
        and not Path(frame.filename).is_relative_to(sys.prefix)
        and Path(frame.filename) not in _OWN
    ]
    return _shown(ours[-1].filename, ours[-1].lineno) if ours else _shown(str(project / "__main__.py"), None)


_OWN = {Path(__file__), Path(__file__).with_name("worker.py")}


def _shown(file: str, line: int | None) -> str:
    path = Path(file)
    name = str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else file
    return name if line is None else f"{name}:{line}"
