"""Where the time of a run goes: the slowest tests, and the time of each file, so that one that grows is seen.

The time of a test is that of its call and of the fixtures that it was the first to need or the last to use. With
several workers, the files' times add up to more than the run took.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

SLOWEST_TESTS = 15
_SHORTEST_FILE_SECONDS = 1.0


class Times:
    """Adds up what each report says; prints at the end of the run."""

    def __init__(self) -> None:
        self.tests: dict[str, float] = defaultdict(float)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # `loadgroup` appends the group to the name: file::test@group.
        self.tests[report.nodeid.rpartition("@")[0] or report.nodeid] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for title, lines in (
            (f"{SLOWEST_TESTS} slowest tests", self.slowest()),
            ("time of each file", self.files()),
        ):
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.write_line(line)

    def slowest(self) -> list[str]:
        return [f"{seconds:7.1f} s  {name}" for name, seconds in _longest(self.tests)[:SLOWEST_TESTS]]

    def files(self) -> list[str]:
        """The longest first; those below a second together."""
        files: dict[str, float] = defaultdict(float)
        for name, seconds in self.tests.items():
            files[name.partition("::")[0]] += seconds
        long = [(name, seconds) for name, seconds in _longest(files) if seconds >= _SHORTEST_FILE_SECONDS]
        rest = [seconds for seconds in files.values() if seconds < _SHORTEST_FILE_SECONDS]
        lines = [f"{seconds:7.1f} s  {name}" for name, seconds in long]
        return [*lines, f"{sum(rest):7.1f} s  {len(rest)} other files"] if rest else lines


def _longest(seconds_of: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds_of.items(), key=lambda each: -each[1])
