"""Progress for logs and for terminals."""

from __future__ import annotations

import io
import os
import pty
import time

import pytest

from tooling.lane.progress import LineProgress, LiveProgress, duration, progress_on


@pytest.mark.parametrize(
    ("error", "word"), [(None, "done"), (ValueError, "failed"), (KeyboardInterrupt, "cancelled")], ids=str
)
def test_a_log_gets_a_line_at_the_start_and_one_that_ends_with_the_outcome(
    error: type[BaseException] | None, word: str
) -> None:
    stream = io.StringIO()
    with pytest.raises(error) if error else _nothing(), LineProgress(stream).task("building"):
        if error:
            raise error
    assert stream.getvalue() == f"building: started\nbuilding: 0 s, {word}\n"


def test_a_log_gets_lines_in_between_that_say_what_remains() -> None:
    stream = io.StringIO()
    with LineProgress(stream, interval_seconds=0.01).task("building") as task:
        task.update("compiling", done=25, total=100)
        while "25 of 100" not in stream.getvalue():
            time.sleep(0.01)
    between = next(line for line in stream.getvalue().splitlines() if "25 of 100" in line)
    assert between == "building: 0 s, 25 of 100, about 0 s left, compiling"


@pytest.mark.parametrize(
    ("error", "word"), [(None, "done"), (ValueError, "failed"), (KeyboardInterrupt, "cancelled")], ids=str
)
def test_a_terminal_gets_a_live_line_and_keeps_one_with_the_outcome(
    error: type[BaseException] | None, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w") as terminal:
        progress = progress_on(terminal)
        assert isinstance(progress, LiveProgress)
        with pytest.raises(error) if error else _nothing(), progress.task("building") as task:
            task.update("compiling", done=25, total=100)
            if error:
                raise error
        shown = ""
        while not shown.rstrip().endswith(word):
            shown += os.read(reader, 65536).decode()
    os.close(reader)
    assert "building" in shown
    assert shown.rstrip().endswith(f"building: 0 s, {word}")


@pytest.mark.parametrize(("seconds", "said"), [(3.6, "4 s"), (59.4, "59 s"), (436, "7 min 16 s"), (3725, "1 h 02 min")])
def test_durations_are_said_in_words(seconds: float, said: str) -> None:
    assert duration(seconds) == said


class _nothing:  # noqa: N801 - stands where `pytest.raises` stands
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
