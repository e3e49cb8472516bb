"""The record of the steps that are done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling.guide.record import Record
from tooling.guide.steps import STEPS


def test_steps_are_recorded_once_in_order_and_forgotten(tmp_path: Path) -> None:
    record = Record(tmp_path / "guide" / "local.json")
    for step in ("one", "two", "one"):
        record.add(step)
    assert Record(tmp_path / "guide" / "local.json").done() == ["two", "one"]
    record.remove(["two", "three"])
    assert record.done() == ["one"]
    record.clear()
    record.clear()
    assert record.done() == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"done": 1}', "{}"])
def test_a_damaged_record_means_from_the_first_step(tmp_path: Path, content: str) -> None:
    file = tmp_path / "local.json"
    file.write_text(content, encoding="utf-8")
    assert Record(file).done() == []


def test_a_step_only_undoes_steps_before_it() -> None:
    names = [step.name for step in STEPS]
    for number, step in enumerate(STEPS):
        assert {name for name in step.undoes if name != "*"} <= set(names[:number])
