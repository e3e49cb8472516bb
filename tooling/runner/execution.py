"""Runs one operation over a set of stacks in the order of their graph, side by side where it allows."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import networkx

from tooling.paths import local_directory
from tooling.runner.engine import Engine
from tooling.runner.graph import Graph, StackId
from tooling.runner.messages import Diagnostic, Operation, Request, Result, Step
from tooling.runner.progress import Progress
from tooling.runner.workers import Workers

Status = Literal["done", "failed", "skipped", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an operation ended on one stack."""

    stack: StackId
    status: Status
    changes: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""
    exit_code: int = 1
    """If it failed: whose move is next, as `shared.errors.ExitCode`."""

    @property
    def changed(self) -> dict[str, int]:
        """Counts of what is not `same`."""
        return {operation: count for operation, count in self.changes.items() if operation != "same" and count}


@dataclass(frozen=True, kw_only=True)
class Options:
    refresh: bool = False
    remove: bool = False
    """After `destroy`: forget the stacks as well."""


def execute(
    operation: Operation,
    stacks: Sequence[StackId],
    *,
    graph: Graph,
    engine: Engine,
    progress: Progress,
    options: Options | None = None,
) -> list[Outcome]:
    """Runs `operation` on `stacks`.

    A stack starts when every stack before it is done; what comes after a failed one is skipped. Previews change nothing
    that another one reads, and wait for none. Ctrl-C once lets the engine stop between resources; twice ends it at
    once.

    Returns:
        One outcome a stack, in the order of `stacks`, reversed for `destroy`.
    """
    options = options or Options()
    order = _order(operation, graph)
    waiting = list(stacks)
    ended: dict[StackId, Outcome] = {}
    running: dict[Future[Outcome], StackId] = {}
    slots = max(2, os.cpu_count() or 2)
    with (
        Workers(engine.variables, local_directory() / "logs") as workers,
        ThreadPoolExecutor(slots) as pool,
        _interrupts(workers) as interrupted,
    ):
        for stack in stacks:
            workers.of(stack.path)
        while waiting or running:
            for stack in [s for s in waiting if _ready(s, order, waiting, running)]:
                blocker = _blocker(stack, order, ended)
                if interrupted.is_set() or blocker is not None:
                    status: Status = "cancelled" if interrupted.is_set() else "skipped"
                    why = "" if blocker is None else f"{blocker} did not end well"
                    ended[stack] = Outcome(stack=stack, status=status, error=why)
                    progress.ended(stack, status, 0.0, {})
                    waiting.remove(stack)
                elif len(running) < slots:
                    waiting.remove(stack)
                    future = pool.submit(_one, operation, stack, engine, workers, progress, options, interrupted)
                    running[future] = stack
            if running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    ended[running.pop(future)] = future.result()
    return [ended[stack] for stack in (reversed(stacks) if operation == "destroy" else stacks)]


def _order(operation: Operation, graph: Graph) -> Graph:
    """Edges from what comes first to what has to wait for it."""
    if operation == "destroy":
        return graph.reverse(copy=False)
    return networkx.create_empty_copy(graph) if operation == "preview" else graph


def _ready(stack: StackId, order: Graph, waiting: Sequence[StackId], running: dict[Future[Outcome], StackId]) -> bool:
    before = set(order.predecessors(stack)) if stack in order else set()
    return not before & (set(waiting) | set(running.values()))


def _blocker(stack: StackId, order: Graph, ended: dict[StackId, Outcome]) -> StackId | None:
    for upstream in order.predecessors(stack) if stack in order else ():
        if upstream in ended and ended[upstream].status != "done":
            return upstream
    return None


def _one(
    operation: Operation,
    stack: StackId,
    engine: Engine,
    workers: Workers,
    progress: Progress,
    options: Options,
    interrupted: threading.Event,
) -> Outcome:
    steps: list[Step] = []
    diagnostics: list[Diagnostic] = []

    def on_message(message: Step | Diagnostic) -> None:
        if isinstance(message, Step):
            steps.append(message)
            progress.step(stack, message)
        else:
            diagnostics.append(message)
            progress.diagnostic(stack, message)

    progress.started(stack, operation)
    request = Request(
        number=next(workers.numbers),
        operation=operation,
        stack=stack.stack,
        work_dir=str(engine.work_dir(stack)),
        refresh=options.refresh,
        remove=options.remove,
        secrets_provider=engine.secrets_provider,
    )
    result: Result = workers.of(stack.path).run(request, on_message)
    status: Status = "done" if result.ok else ("cancelled" if interrupted.is_set() else "failed")
    progress.ended(stack, status, result.seconds, result.changes)
    return Outcome(
        stack=stack,
        status=status,
        changes=result.changes,
        steps=steps,
        diagnostics=diagnostics,
        seconds=result.seconds,
        error=result.error,
        exit_code=result.exit_code,
    )


@contextmanager
def _interrupts(workers: Workers) -> Iterator[threading.Event]:
    """While it lasts, Ctrl-C goes to the engines and nothing new is started."""
    interrupted = threading.Event()

    def handle(_signal: int, _frame: object) -> None:
        interrupted.set()
        workers.interrupt()

    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
