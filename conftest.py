"""What holds for every test: an environment without anybody's credentials, clusters, engines or proxies."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from tests.attack.attempts import Ledger
from tests.attack.report import Attacks
from tests.times import Times
from tooling.lane.environments import washed

_KEPT = ("PYTEST_",)
_EMULATORS = {"emulator", "emulator_process", "lanes"}
"""Fixtures that start an emulated AWS: their tests are marked `process` without saying so themselves."""


class _FailuresAtOnce:
    """Names a test when it fails: the whole suite takes 20 minutes, and pytest lists failures at its end."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message.partition("\n")[0] if crash else "no message"
            self._terminal.write(f"\n{report.nodeid} ({report.when}): {why}\n", red=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", action="store_true", help="print the slowest tests and the time of each file")
    parser.addoption("--attacks", type=Path, help="directory for the report of what was tried against tenants")


def pytest_configure() -> None:
    # Under Python's own thresholds, a third of the time goes into collecting garbage that there is not: each
    # run of a program allocates a hundred thousand objects beside the million of the SDKs.
    gc.set_threshold(100_000, 20, 20)
    # What collecting leaves stays until the end.
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionstart(session: pytest.Session) -> None:
    # A worker of xdist has none, or says nothing.
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_FailuresAtOnce(terminal))
        if session.config.getoption("--times"):
            session.config.pluginmanager.register(Times())
        attacks: Path | None = session.config.getoption("--attacks")
        if attacks is not None:
            session.config.pluginmanager.register(Attacks(attacks))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts tests in the order and in the groups in which several workers do the least.

    Tests that need a lane come first, then those that need an engine: what is left at the end, when one worker has
    nothing more to do while another still works, is short. Tests that share a fixture of their module go to one worker,
    else each worker would make it.
    """
    for item in items:
        if _EMULATORS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.process)
    items.sort(key=lambda item: (item.get_closest_marker("lane") is None, item.get_closest_marker("engine") is None))
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def _shares_a_fixture(item: pytest.Item) -> bool:
    fixtures = getattr(item, "_fixtureinfo", None)
    definitions = fixtures.name2fixturedefs.values() if fixtures is not None else ()
    return any(each[-1].scope in ("module", "package", "class") for each in definitions)


@pytest.fixture(autouse=True)
def washed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes what could lead a test to a real account or cluster; a test that needs a variable sets it."""
    clean = washed()
    for name in list(os.environ):
        if name not in clean and not name.startswith(_KEPT):
            monkeypatch.delenv(name)
    # A string made of an Output by mistake is an error, not a wrong text.
    monkeypatch.setenv("PULUMI_ERROR_OUTPUT_STRING", "1")


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """What a test tries against tenants, for the report of `--attacks`."""
    return Ledger(request.node)
