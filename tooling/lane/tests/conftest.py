"""What every test of the lane starts from: a washed environment, and progress that can be read afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.environment_variables import TIERS_LOCAL_DIR, TIERS_PROGRAMS, TIERS_PROGRAMS_MIRROR
from tooling.lane.environments import washed
from tooling.lane.progress import Task
from tooling.lane.state import Lane
from tooling.lane.testing import running_lane


@pytest.fixture(autouse=True)
def washed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = washed()
    for name in set(os.environ) - set(kept):
        monkeypatch.delenv(name)
    for variable in (TIERS_LOCAL_DIR, TIERS_PROGRAMS, TIERS_PROGRAMS_MIRROR):
        monkeypatch.delenv(variable.name, raising=False)


class RecordedProgress:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.titles: list[str] = []
        self.totals: list[int] = []
        self.counts: list[int] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def task(self, title: str) -> Iterator[Task]:
        self.titles.append(title)
        yield self

    def update(self, detail: str = "", *, done: int | None = None, total: int | None = None) -> None:
        self.counts += [] if done is None else [done]
        self.totals += [] if total is None else [total]


@pytest.fixture
def progress() -> RecordedProgress:
    return RecordedProgress()


@pytest.fixture(scope="package")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    """A lane that runs, for test_lane.py and then test_snapshots_on_a_lane.py; each test leaves it running."""
    with running_lane(tmp_path_factory.mktemp("lane")) as made:
        yield made
