"""Progress of long work, on a terminal or in a log.

A terminal gets a live line with what remains; a log gets a line at the start, one a minute, and one at the end whose
last word is `done`, `failed` or `cancelled`. The caller chooses what is counted, and in which unit.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

LOG_INTERVAL_SECONDS = 60.0


class Task(Protocol):
    """A piece of work in progress."""

    def update(self, detail: str = "", *, done: int | None = None, total: int | None = None) -> None:
        """Sets the current detail and the steps done of a total; a count that is not given stays as it was."""
        ...


class Progress(Protocol):
    """Displays tasks."""

    def task(self, title: str) -> AbstractContextManager[Task]: ...

    def note(self, text: str) -> None:
        """Prints one separate line."""
        ...


def progress_on(stream: TextIO | None = None) -> Progress:
    """The progress display for `stream`, by default stderr, since stdout is for data."""
    shown = sys.stderr if stream is None else stream
    if shown.isatty() and os.environ.get("TERM") != "dumb":
        return LiveProgress(shown)
    return LineProgress(shown)


def duration(seconds: float) -> str:
    """`4 s`, `7 min 16 s`, `1 h 02 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


class LineProgress:
    """For logs: plain lines that are never overwritten."""

    def __init__(self, stream: TextIO, interval_seconds: float = LOG_INTERVAL_SECONDS) -> None:
        self._stream = stream
        self._interval_seconds = interval_seconds

    def note(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    @contextmanager
    def task(self, title: str) -> Iterator[Task]:
        task = _LineTask()
        self.note(f"{title}: started")
        ended = threading.Event()

        def report() -> None:
            while not ended.wait(self._interval_seconds):
                self.note(f"{title}: {task.describe()}")

        teller = threading.Thread(target=report, daemon=True)
        teller.start()
        word = "failed"
        try:
            yield task
            word = "done"
        except KeyboardInterrupt:
            word = "cancelled"
            raise
        finally:
            ended.set()
            teller.join()
            self.note(f"{title}: {duration(task.elapsed())}, {word}")


class _LineTask:
    def __init__(self) -> None:
        self._started = time.monotonic()
        self._detail = ""
        self._done = 0
        self._total: int | None = None

    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def update(self, detail: str = "", *, done: int | None = None, total: int | None = None) -> None:
        self._detail = detail or self._detail
        self._done = self._done if done is None else done
        self._total = self._total if total is None else total

    def describe(self) -> str:
        parts = [duration(self.elapsed())]
        if self._total:
            parts.append(f"{self._done} of {self._total}")
            if 0 < self._done < self._total:
                # Packages differ in size, so this is a rough estimate, shown as "about".
                parts.append(f"about {duration(self.elapsed() * (self._total - self._done) / self._done)} left")
        if self._detail:
            parts.append(self._detail)
        return ", ".join(parts)


class LiveProgress:
    """For terminals: one live line, drawn by rich (which obeys `NO_COLOR`)."""

    def __init__(self, stream: TextIO) -> None:
        # Imported here so that `tiers --help` need not load rich.
        from rich.console import Console

        self._console = Console(file=stream, highlight=False)

    def note(self, text: str) -> None:
        self._console.print(text, markup=False)

    @contextmanager
    def task(self, title: str) -> Iterator[Task]:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress

        spinner, text, elapsed = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        detail = TextColumn("{task.fields[detail]}", markup=False, style="dim")
        counted = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
        live = RichProgress(spinner, text, elapsed, detail, console=self._console, transient=True)
        started = time.monotonic()
        word = "failed"
        try:
            with live:
                bar = live.add_task(title, total=None, detail="")

                class _LiveTask:
                    def update(self, detail: str = "", *, done: int | None = None, total: int | None = None) -> None:
                        if total is not None:
                            live.columns = (spinner, text, *counted, elapsed)
                        live.update(bar, completed=done, total=total)
                        if detail:
                            live.update(bar, detail=detail)

                yield _LiveTask()
            word = "done"
        except KeyboardInterrupt:
            word = "cancelled"
            raise
        finally:
            self.note(f"{title}: {duration(time.monotonic() - started)}, {word}")
