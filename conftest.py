"""What holds for every test: an environment without anybody's credentials, clusters, engines or proxies."""

from __future__ import annotations

import os

import pytest

from tooling.lane.environments import washed

_KEPT = ("PYTEST_",)


class _FailuresAtOnce:
    """Names a test when it fails: the whole suite takes half an hour, and pytest tells at its end."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message.partition("\n")[0] if crash else "no message"
            self._terminal.write(f"\n{report.nodeid} ({report.when}): {why}\n", red=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    # A worker of xdist has none, or says nothing.
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_FailuresAtOnce(terminal))


@pytest.fixture(autouse=True)
def washed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes what could lead a test to a real account or cluster; a test that needs a variable sets it."""
    clean = washed()
    for name in list(os.environ):
        if name not in clean and not name.startswith(_KEPT):
            monkeypatch.delenv(name)
    # A string made of an Output by mistake is an error, not a wrong text.
    monkeypatch.setenv("PULUMI_ERROR_OUTPUT_STRING", "1")
