"""Progress on stderr: a live table for a terminal; for a log a line at the start, one per minute, one at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tooling.runner.graph import StackId
from tooling.runner.messages import Diagnostic, Step

_MARKS = {"running": "…", "done": "✓", "failed": "✗", "skipped": "-", "cancelled": "!"}
_STYLES = {"running": "cyan", "done": "green", "failed": "red", "skipped": "dim", "cancelled": "yellow"}
_REMINDER_SECONDS = 60


@dataclass
class _Row:
    operation: str
    started: float
    status: str = "running"
    seconds: float = 0.0
    current: dict[str, str] = field(default_factory=dict)
    finished: int = 0
    summary: str = ""


def summary_of(changes: Mapping[str, int]) -> str:
    """`3 created, 1 updated`, or `no changes`."""
    words = {
        "create": "created",
        "update": "updated",
        "delete": "deleted",
        "replace": "replaced",
        "create-replacement": "",
        "delete-replaced": "",
        "discard": "",
        "read": "",
        "refresh": "refreshed",
        "import": "imported",
        "same": "",
    }
    parts = [
        f"{count} {words.get(name, name)}" for name, count in sorted(changes.items()) if count and words.get(name, name)
    ]
    return ", ".join(parts) or "no changes"


class Progress:
    """Receives progress from any thread and displays it until the end of the block."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._rows: dict[StackId, _Row] = {}
        self._lock = threading.Lock()
        self._live: Live | None = None
        self._stop = threading.Event()
        self._reminder: threading.Thread | None = None

    def __enter__(self) -> Progress:
        if self._quiet:
            return self
        if self._console.is_terminal:
            self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=6, transient=True)
            self._live.start()
        else:
            self._reminder = threading.Thread(target=self._remind, daemon=True)
            self._reminder.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._live is not None:
            self._live.stop()

    def started(self, stack: StackId, operation: str) -> None:
        with self._lock:
            self._rows[stack] = _Row(operation=operation, started=time.monotonic())
        self._line(f"{stack}  {operation} started")

    def step(self, stack: StackId, step: Step) -> None:
        with self._lock:
            row = self._rows[stack]
            key = f"{step.type} {step.name}"
            if step.phase == "started":
                row.current[key] = f"{step.operation} {step.type.split(':')[-1]} {step.name}"
            else:
                row.current.pop(key, None)
                row.finished += 1

    def diagnostic(self, stack: StackId, diagnostic: Diagnostic) -> None:
        """Shows warnings at once; errors are left to the report at the end."""
        if self._quiet or diagnostic.severity != "warning":
            return
        about = f" ({diagnostic.resource})" if diagnostic.resource else ""
        text = Text(f"{stack}{about}: ", style="bold").append(diagnostic.message, style="yellow")
        self._console.print(text, soft_wrap=True)

    def remark(self, text: str) -> None:
        """Shows information that is not an error."""
        if not self._quiet:
            self._console.print(Text(text), soft_wrap=True)

    def ended(self, stack: StackId, status: str, seconds: float, changes: Mapping[str, int]) -> None:
        with self._lock:
            row = self._rows.setdefault(stack, _Row(operation="", started=time.monotonic()))
            row.status, row.seconds = status, seconds
            row.summary = summary_of(changes) if status == "done" else ""
            row.current.clear()
            summary = f"  {row.summary}" if row.summary else ""
        took = f"  {seconds:.1f} s" if seconds else ""
        self._line(f"{stack}{took}{summary}  {status}")

    def _line(self, text: str) -> None:
        if not self._quiet and self._live is None:
            self._console.print(Text(text), soft_wrap=True)

    def _remind(self) -> None:
        while not self._stop.wait(_REMINDER_SECONDS):
            with self._lock:
                running = [(stack, row) for stack, row in self._rows.items() if row.status == "running"]
            for stack, row in running:
                seconds = time.monotonic() - row.started
                self._line(f"{stack}  {row.operation} for {seconds:.0f} s, {row.finished} resources so far")

    def _render(self) -> Group:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        with self._lock:
            for stack, row in self._rows.items():
                seconds = row.seconds if row.status != "running" else time.monotonic() - row.started
                latest = next(reversed(row.current.values()), row.operation) if row.status == "running" else row.summary
                style = _STYLES[row.status]
                table.add_row(
                    Text(_MARKS[row.status], style=style), str(stack), f"{seconds:.0f} s", Text(latest, style="dim")
                )
        return Group(table)
