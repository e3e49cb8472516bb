"""Runs one operation over a set of stacks in the order of their graph, in parallel where possible."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import networkx

from shared.errors import PlatformError
from tooling.lane.state import Lane
from tooling.paths import local_directory
from tooling.runner.engine import Engine
from tooling.runner.fork_server import ForkServer
from tooling.runner.graph import Graph, StackId
from tooling.runner.held_deletions import DeletionWatch
from tooling.runner.messages import Diagnostic, FailedCreate, Failure, Operation, Request, Result, Step
from tooling.runner.progress import Progress
from tooling.runner.recovery import failed_creates
from tooling.runner.recovery.recover import Recovery
from tooling.runner.service_images import record_image
from tooling.runner.workers import WorkerProcess, Workers

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
    failure: Failure | None = None
    """Why it is not done; of a skipped stack, which stack it waited for."""

    @property
    def changed(self) -> dict[str, int]:
        """Counts by operation, without `same`."""
        return {operation: count for operation, count in self.changes.items() if operation != "same" and count}


@dataclass(frozen=True, kw_only=True)
class Options:
    refresh: bool = False
    remove: bool = False
    """After `destroy`: remove the stacks as well."""
    adopt: frozenset[str] = frozenset()
    """Names of resources whose creation failed because they exist: adopt them, whoever created them."""


def execute(
    operation: Operation,
    stacks: Sequence[StackId],
    *,
    graph: Graph,
    engine: Engine,
    fork_server: ForkServer,
    progress: Progress,
    options: Options | None = None,
    guard: Callable[[StackId], None] | None = None,
    after: Callable[[StackId], str] | None = None,
) -> list[Outcome]:
    """Runs `operation` on `stacks`.

    A stack starts when all stacks before it are done; those after a failed one are skipped. Previews change nothing
    that others read and do not wait. Ctrl-C lets the engine stop between resources; a second one stops it
    immediately.

    Args:
        guard: called before each stack; an error that it raises fails that stack.
        after: called after each stack that was completed; what it returns is reported, an error fails that stack.

    Returns:
        One outcome per stack, in the order of `stacks`, reversed for `destroy`.
    """
    options = options or Options()
    order = _order(operation, graph)
    recovery = Recovery(engine, adopt=options.adopt) if operation != "preview" else None
    waiting = list(stacks)
    ended: dict[StackId, Outcome] = {}
    running: dict[Future[Outcome], StackId] = {}
    slots = max(2, os.cpu_count() or 2)
    with (
        Workers(
            fork_server,
            engine.variables,
            local_directory() / "logs",
            engine_version=engine.version,
            keep_open=engine.keep_open,
        ) as workers,
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
                    why = None if blocker is None else Failure(message=f"{blocker} was not completed")
                    ended[stack] = Outcome(stack=stack, status=status, failure=why)
                    progress.ended(stack, status, 0.0, {})
                    waiting.remove(stack)
                elif len(running) < slots:
                    waiting.remove(stack)
                    run = _Run(operation, engine, workers, recovery, progress, options, interrupted, guard, after)
                    future = pool.submit(run.on, stack)
                    running[future] = stack
            if running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    ended[running.pop(future)] = future.result()
    return [ended[stack] for stack in (reversed(stacks) if operation == "destroy" else stacks)]


def _order(operation: Operation, graph: Graph) -> Graph:
    """The graph of execution: an edge goes from a stack to one that has to wait for it."""
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


@dataclass(frozen=True)
class _Run:
    """One operation, ready for any of its stacks."""

    operation: Operation
    engine: Engine
    workers: Workers
    recovery: Recovery | None
    progress: Progress
    options: Options
    interrupted: threading.Event
    guard: Callable[[StackId], None] | None
    after: Callable[[StackId], str] | None

    def on(self, stack: StackId) -> Outcome:
        steps: list[Step] = []
        diagnostics: list[Diagnostic] = []

        def warn(resource: str, text: str) -> None:
            on_message(Diagnostic(number=request.number, severity="warning", message=text, resource=resource))

        watch = DeletionWatch(self.engine, stack, warn)

        def on_message(message: Step | Diagnostic | FailedCreate) -> None:
            if isinstance(message, Step):
                steps.append(message)
                self.progress.step(stack, message)
                if self.operation != "preview":
                    watch.step(message)
            elif isinstance(message, FailedCreate):
                failed_creates.remember(stack, message.resource)
            else:
                diagnostics.append(message)
                self.progress.diagnostic(stack, message)

        self.progress.started(stack, self.operation)
        request = Request(
            number=next(self.workers.numbers),
            operation=self.operation,
            stack=stack.stack,
            work_dir=str(self.engine.work_dir(stack)),
            new=self.engine.is_new(stack),
            refresh=self.options.refresh,
            remove=self.options.remove,
            secrets_provider=self.engine.secrets_provider_of(stack),
            policy_pack=self.engine.policy_pack,
        )
        worker = self.workers.of(stack.path)
        try:
            if self.guard is not None:
                self.guard(stack)
            self._recover(stack, worker, request)
            self._record_image(stack)
            with watch:
                result = worker.run(request, on_message)
            if result.ok and self.after is not None and (remark := self.after(stack)):
                self.progress.remark(remark)
        except PlatformError as error:
            result = Result(number=request.number, failure=Failure.of(error))
        status: Status = "done" if result.ok else ("cancelled" if self.interrupted.is_set() else "failed")
        self.progress.ended(stack, status, result.seconds, result.changes)
        return Outcome(
            stack=stack,
            status=status,
            changes=result.changes,
            steps=steps,
            diagnostics=diagnostics,
            seconds=result.seconds,
            failure=result.failure,
        )

    def _record_image(self, stack: StackId) -> None:
        lane = Lane.load() if self.engine.is_local and self.operation == "up" else None
        remark = record_image(lane, self.engine, stack) if lane is not None else ""
        if remark:
            self.progress.remark(remark)

    def _recover(self, stack: StackId, worker: WorkerProcess, request: Request) -> None:
        """Recovers the stack from an interrupted run, before the operation."""
        if self.recovery is None:
            return

        def refresh(targets: Sequence[str]) -> Result:
            reading = dataclasses.replace(
                request, number=next(self.workers.numbers), operation="refresh", targets=list(targets)
            )
            return worker.run(reading, lambda _: None)

        for remark in self.recovery.recover(stack, refresh):
            self.progress.remark(remark)


@contextmanager
def _interrupts(workers: Workers) -> Iterator[threading.Event]:
    """Within the block, Ctrl-C is passed on to the engines, and nothing new is started."""
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
