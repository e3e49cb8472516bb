"""What holds for every test: an environment without anybody's credentials, clusters, engines or proxies."""

from __future__ import annotations

import os

import pytest

from tooling.lane.environments import washed

_KEPT = ("PYTEST_",)


@pytest.fixture(autouse=True)
def washed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes what could lead a test to a real account or cluster; a test that needs a variable sets it."""
    clean = washed()
    for name in list(os.environ):
        if name not in clean and not name.startswith(_KEPT):
            monkeypatch.delenv(name)
    # A string made of an Output by mistake is an error, not a wrong text.
    monkeypatch.setenv("PULUMI_ERROR_OUTPUT_STRING", "1")
