"""Snapshots without a running lane: names, records, copies, and replacements that are killed at every step."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.errors import PlatformError
from tooling.cli.local import app
from tooling.lane import copying, replacement, snapshot_operations
from tooling.lane.copying import copy_tree
from tooling.lane.lifecycle import down
from tooling.lane.run_lock import hold_run
from tooling.lane.snapshot_operations import restore, save
from tooling.lane.snapshots import SNAPSHOTS, find, forget, names, snapshots
from tooling.lane.state import Lane
from tooling.lane.tests.conftest import RecordedProgress


@pytest.fixture
def lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lane:
    """A lane as a reboot leaves it, with one stack."""
    directory = tmp_path / "lane"
    monkeypatch.setenv("TIERS_LOCAL_DIR", str(directory))
    lane = Lane.new(directory)
    stack = lane.state_directory / ".pulumi/stacks/infrastructure"
    work = directory / "cluster/.kwok/clusters/lane"
    for each in (stack, directory / "aws", work / "logs", work / "pids", directory / "logs"):
        each.mkdir(parents=True)
    (directory / replacement.MARKER).touch()
    (directory / "aws/journal.jsonl").write_text("requests")
    (work / "kwok.yaml").write_text(f"--data-dir={work}/etcd")
    (work / "logs/etcd.log").write_text("log")
    lane.state_key_file.write_text("{}")
    lane.state_key_file.chmod(0o600)
    types = ["pulumi:pulumi:Stack", "aws:ec2/vpc:Vpc", "aws:s3/bucket:Bucket"]
    (stack / "local.json").write_text(
        json.dumps({"checkpoint": {"latest": {"resources": [{"type": t} for t in types]}}})
    )
    lane.save()
    return lane


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in sorted(directory.rglob("*"))
        if file.is_file() and SNAPSHOTS not in file.relative_to(directory).parts
    }


def refusal(code: str, *arguments: str) -> PlatformError:
    result = CliRunner().invoke(app, list(arguments))
    assert isinstance(result.exception, PlatformError), result.output
    assert result.exception.code == code
    return result.exception


def test_saving_keeps_what_belongs_together_and_leaves_the_lane_as_it_was(
    lane: Lane, progress: RecordedProgress
) -> None:
    before = contents(lane.directory)
    snapshot = save(progress, "first")
    assert contents(lane.directory) == before
    kept = contents(lane.directory / SNAPSHOTS / "first" / "lane")
    logs = {name for name in before if name.endswith(".log") or name == replacement.MARKER}
    assert kept == {name: content for name, content in before.items() if name not in logs}
    assert [(stack.project, stack.name, stack.resources) for stack in snapshot.stacks] == [
        ("infrastructure", "local", 2)
    ]
    key = lane.directory / SNAPSHOTS / "first/lane/state-key.json"
    assert key.stat().st_mode & 0o777 == 0o600
    assert (lane.directory / SNAPSHOTS).stat().st_mode & 0o777 == 0o700


def test_list_is_a_table_for_people_and_a_document_for_scripts(lane: Lane, progress: RecordedProgress) -> None:
    assert CliRunner().invoke(app, ["list"]).stdout == "no snapshots\n\nhint: tiers local save NAME\n"
    assert json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout) == {"version": 2, "snapshots": []}
    saved = json.loads(CliRunner().invoke(app, ["save", "second", "--json"]).stdout)["snapshot"]
    save(progress, "a.first")
    document = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert [each["name"] for each in document["snapshots"]] == ["a.first", "second"]
    assert document["snapshots"][1] == saved
    lines = [line.split() for line in CliRunner().invoke(app, ["list"]).stdout.splitlines()]
    assert lines[0] == ["snapshot", "saved", "size", "stacks", "resources"]
    assert [(line[0], line[-2], line[-1]) for line in lines[1:]] == [("a.first", "1", "2"), ("second", "1", "2")]


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", ".", "..", ".hidden", "Capital", "a b", "x" * 64, "end-", "ä", "a\n"]
)
@pytest.mark.parametrize("command", ["save", "restore", "forget"])
def test_name_that_is_no_plain_name_is_refused(command: str, name: str, lane: Lane) -> None:
    before = contents(lane.directory)
    refused = refusal("snapshot-name-invalid", command, name)
    assert repr(name) in refused.what
    assert contents(lane.directory) == before


def test_name_in_use_and_unknown_name_are_refused(lane: Lane, progress: RecordedProgress) -> None:
    assert refusal("snapshot-unknown", "restore", "before").hint == "tiers local save before"
    save(progress, "before")
    assert "tiers local forget before" in refusal("snapshot-exists", "save", "before").hint
    for command in ("restore", "forget"):
        refused = refusal("snapshot-unknown", command, "befor")
        assert 'did you mean "before"?' in refused.what
        assert refused.hint == "tiers local list"


def test_saving_without_a_lane_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERS_LOCAL_DIR", str(tmp_path / "lane"))
    assert refusal("lane-down", "save", "first").hint == "tiers local up"


def test_snapshot_of_another_kubernetes_moto_or_format_is_refused_and_can_be_forgotten(
    lane: Lane, progress: RecordedProgress
) -> None:
    save(progress, "old")
    record = lane.directory / SNAPSHOTS / "old/record.json"
    document = json.loads(record.read_text())
    for what in ("kubernetes", "moto", "lane"):
        record.write_text(json.dumps({**document, "versions": {**document["versions"], what: "0.1"}}))
        refused = refusal("snapshot-outdated", "restore", "old")
        assert f"{what} 0.1, now {document['versions'][what]}" in refused.what
        assert "tiers local forget old" in refused.hint
    record.write_text(json.dumps({**document, "format": 0}))
    assert refusal("snapshot-unreadable", "restore", "old").hint == "tiers local forget old"
    assert CliRunner().invoke(app, ["forget", "old"]).exit_code == 0
    assert not (lane.directory / SNAPSHOTS).exists()


def test_neither_saves_nor_restores_while_an_operation_runs(lane: Lane, progress: RecordedProgress) -> None:
    save(progress, "first")
    before = contents(lane.directory)
    with hold_run(lane.directory, "tiers up --stack local", waiting=progress.note):
        for command in (["save", "second"], ["restore", "first", "--yes"]):
            refused = refusal("operation-running", *command)
            assert "`tiers up --stack local` (process" in refused.what
    assert contents(lane.directory) == before
    assert names() == ["first"]


def test_down_keeps_snapshots_and_says_so(lane: Lane, progress: RecordedProgress) -> None:
    save(progress, "first")
    said = CliRunner().invoke(app, ["down", "--yes"]).stderr
    assert "snapshots kept: first; remove one with: tiers local forget first" in said
    assert sorted(entry.name for entry in lane.directory.iterdir()) == [SNAPSHOTS, replacement.MARKER]
    assert [snapshot.name for snapshot in snapshots()] == ["first"]
    again = CliRunner().invoke(app, ["down"]).stderr
    assert again.startswith("there is no local lane\n")


def test_down_leaves_nothing_where_there_is_no_snapshot(lane: Lane, progress: RecordedProgress) -> None:
    (lane.directory / SNAPSHOTS / ".unfinished-first").mkdir(parents=True)
    assert down(progress)
    assert not lane.directory.exists()


def test_save_that_ends_in_the_middle_leaves_no_snapshot(
    lane: Lane, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(lane.directory)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copying, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        save(progress, "first")
    assert contents(lane.directory) == before
    assert list((lane.directory / SNAPSHOTS).iterdir()) == []
    monkeypatch.undo()


def test_restore_onto_a_disk_that_becomes_full_leaves_the_lane_as_it_was(
    lane: Lane, progress: RecordedProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(progress, "first")
    (lane.directory / "aws/journal.jsonl").write_text("more requests")
    before = contents(lane.directory)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copying, "_write", full)
    monkeypatch.setattr(snapshot_operations, "ensure", lambda _: None)
    with pytest.raises(OSError, match="No space left"):
        restore(progress, "first")
    assert contents(lane.directory) == before


def prepared(directory: Path) -> None:
    new = replacement.prepare(directory)
    for name in ("lane.json", "state/stack.json", "aws/journal.jsonl", "only-new/file"):
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).write_text(f"new {name}")


def test_replacement_killed_at_any_step_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is not complete there is no record, hence no lane that mixes two."""
    move, killed = replacement._move, 0
    for steps in range(12):
        directory = tmp_path / str(steps)
        for name in ("lane.json", "state/stack.json", "aws/journal.jsonl", "only-old/file", "snapshots/a/record.json"):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(f"old {name}")
        prepared(directory)
        left = steps

        def killing(source: Path, target: Path) -> None:
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            move(source, target)

        monkeypatch.setattr(replacement, "_move", killing)
        try:
            replacement.replace(directory)
        except KeyboardInterrupt:
            killed += 1
            record = directory / "lane.json"
            assert steps == 0 or not record.exists()
        monkeypatch.setattr(replacement, "_move", move)
        replacement.complete(directory)
        assert contents(directory) == {
            name: f"new {name}".encode()
            for name in ("aws/journal.jsonl", "lane.json", "only-new/file", "state/stack.json")
        }
        assert (directory / "snapshots/a/record.json").read_text() == "old snapshots/a/record.json"
    assert killed == 8


def test_preparation_that_was_killed_is_removed_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "lane.json").write_text("old")
    prepared(tmp_path)
    assert not replacement.complete(tmp_path)
    assert contents(tmp_path) == {"lane.json": b"old"}


def test_copies_have_the_same_bytes_modes_and_links_without_the_empty_blocks(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inside").mkdir(parents=True)
    content = b"head" + bytes(1 << 20) + b"middle" + bytes(1 << 22)
    (source / "inside/log").write_bytes(content)
    (source / "inside/log").chmod(0o640)
    (source / "empty").touch()
    (source / "link").symlink_to("inside/log")
    (source / "left-out").write_text("x")
    taken = copy_tree(source, tmp_path / "copy", skip=lambda path: str(path) == "left-out")
    copy = tmp_path / "copy"
    assert contents(copy) == {"empty": b"", "inside/log": content, "link": content}
    assert (copy / "link").readlink() == Path("inside/log")
    assert (copy / "inside/log").stat().st_mode & 0o777 == 0o640
    assert taken <= 1 << 18
    assert (copy / "inside/log").stat().st_blocks * 512 < 1 << 20
    copy_tree(copy, tmp_path / "reserved", skip=lambda _: False, reserve=True)
    assert contents(tmp_path / "reserved") == contents(copy)
    if hasattr(os, "posix_fallocate"):
        assert (tmp_path / "reserved/inside/log").stat().st_blocks * 512 >= len(content)


def test_snapshot_that_is_found_can_be_forgotten_once(lane: Lane, progress: RecordedProgress) -> None:
    save(progress, "first")
    assert find("first").name == "first"
    forget("first")
    assert names() == []
    refusal("snapshot-unknown", "forget", "first")
