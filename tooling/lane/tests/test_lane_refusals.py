"""What `tiers local` refuses, without starting or removing anything; and what it removes all the same."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import PlatformError
from tooling.lane.audit import left
from tooling.lane.lifecycle import down, up
from tooling.lane.state import Lane
from tooling.lane.status import status
from tooling.lane.tests.conftest import RecordedProgress


@pytest.fixture
def stopped_lane(tmp_path: Path) -> Lane:
    """A lane as a reboot leaves it."""
    directory = tmp_path / "lane"
    lane = Lane.new(directory)
    for each in (directory, directory / "aws", directory / "cluster", lane.state_directory):
        each.mkdir()
    lane.cluster.processes.work_directory.mkdir(parents=True)
    for file in ("this-is-a-lane", "state-key.json", "baseline.json", "aws/journal.jsonl", "cluster/made"):
        (directory / file).touch()
    lane.save()
    return lane


def test_a_stopped_lane_is_told_from_an_absent_one(stopped_lane: Lane, tmp_path: Path) -> None:
    assert status(stopped_lane.directory).state == "stopped"
    assert status(tmp_path / "elsewhere").state == "absent"


def test_a_record_is_read_back_as_it_was_written(stopped_lane: Lane) -> None:
    assert Lane.load(stopped_lane.directory) == stopped_lane
    assert (stopped_lane.directory / "lane.json").stat().st_mode & 0o077 == 0


def rewrite(old: str, new: str) -> Callable[[Lane], None]:
    def change(lane: Lane) -> None:
        record = lane.directory / "lane.json"
        text = record.read_text()
        assert old in text
        record.write_text(text.replace(old, new))

    return change


def remove(name: str) -> Callable[[Lane], None]:
    return lambda lane: (lane.directory / name).unlink()


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (rewrite('"format": 3', '"format": 4'), "lane-record-unreadable", "is unreadable"),
        (rewrite("{", ""), "lane-record-unreadable", "is unreadable"),
        (rewrite('"1.35.4"', '"1.34.9"'), "lane-outdated", "kubernetes 1.34.9, now 1.35.4"),
        (remove("aws/journal.jsonl"), "lane-state-lost", "the emulated AWS account"),
        (remove("cluster/made"), "lane-state-lost", "the cluster's objects"),
        (remove("state-key.json"), "lane-state-lost", "the key of the stacks' states"),
    ],
    ids=["newer format", "not json", "other kubernetes", "no journal", "no cluster", "no key"],
)
def test_a_lane_that_cannot_go_on_says_what_is_lost_and_is_not_started(
    change: Callable[[Lane], None], code: str, told: str, stopped_lane: Lane, progress: RecordedProgress
) -> None:
    change(stopped_lane)
    with pytest.raises(PlatformError) as caught:
        up(progress, directory=stopped_lane.directory)
    assert caught.value.code == code
    assert told in caught.value.what
    assert str(stopped_lane.directory) in caught.value.at
    assert caught.value.hint == "tiers local reset"
    assert stopped_lane.emulator.pid() is None
    assert down(progress, directory=stopped_lane.directory), "reset could not fix it"
    assert not stopped_lane.directory.exists()


def test_a_lane_that_was_moved_says_where_it_was_made(stopped_lane: Lane, progress: RecordedProgress) -> None:
    moved = stopped_lane.directory.rename(stopped_lane.directory.with_name("moved"))
    with pytest.raises(PlatformError) as caught:
        up(progress, directory=moved)
    assert caught.value.code == "lane-moved"
    assert str(stopped_lane.directory) in caught.value.hint


def test_a_port_taken_meanwhile_is_named_and_nothing_is_started(stopped_lane: Lane, progress: RecordedProgress) -> None:
    port = stopped_lane.ports.webhook
    with contextlib.closing(socket.create_server(("127.0.0.1", port))), pytest.raises(PlatformError) as caught:
        up(progress, directory=stopped_lane.directory)
    assert caught.value.code == "port-taken"
    assert f"port {port} of the lane's emulated AWS is used" in caught.value.what
    assert stopped_lane.emulator.pid() is None


@pytest.mark.parametrize("act", [up, down], ids=["up", "down"])
def test_a_directory_with_somebody_elses_files_is_neither_used_nor_removed(
    act: Callable[..., object], tmp_path: Path, progress: RecordedProgress
) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(PlatformError) as caught:
        act(progress, directory=tmp_path)
    assert caught.value.code == "directory-not-a-lane"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_audit_without_a_lane_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIERS_LOCAL_DIR", str(tmp_path))
    with pytest.raises(PlatformError) as caught:
        left()
    assert caught.value.code == "lane-without-baseline"
    assert caught.value.hint == "tiers local up"
