"""Snapshots of a lane that runs: back to what was saved, in its own directory and in another, and after kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from tooling.lane.audit import left
from tooling.lane.cluster import NODE_LEASES
from tooling.lane.lifecycle import down, up
from tooling.lane.snapshot_operations import restore, save
from tooling.lane.snapshots import SNAPSHOTS, forget, names
from tooling.lane.state import REGION, Lane
from tooling.lane.status import status
from tooling.lane.tests.conftest import RecordedProgress
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("lane")]

NAMESPACES = "/api/v1/namespaces"


def queues(lane: Lane) -> Any:
    make: Any = boto3.Session().client
    keys = {"aws_access_key_id": lane.access_key_id, "aws_secret_access_key": lane.secret_access_key}
    return make("sqs", region_name=REGION, endpoint_url=lane.aws_endpoint, **keys)


def make(lane: Lane, name: str) -> None:
    """Something of that name in Kubernetes, in AWS and among the states."""
    with lane.cluster.api() as api:
        assert api.request("POST", NAMESPACES, {"metadata": {"name": name}}).status == 201
    queues(lane).create_queue(QueueName=name)
    (lane.state_directory / name).write_text(name)


def made(lane: Lane) -> set[str]:
    """The names that are in all three; a name in one or two of them fails."""
    with lane.cluster.api() as api:
        listed = {item["metadata"]["name"] for item in api.request("GET", NAMESPACES).json()["items"]}
    kubernetes = {name for name in listed if name.startswith("made-")}
    aws = {url.rpartition("/")[2] for url in queues(lane).list_queues().get("QueueUrls", [])}
    states = {file.name for file in lane.state_directory.iterdir() if file.name.startswith("made-")}
    assert kubernetes == aws == states
    return kubernetes


def test_restoring_brings_back_what_was_saved_and_nothing_later(lane: Lane, progress: RecordedProgress) -> None:
    make(lane, "made-before")
    held = {"metadata": {"name": "node"}, "spec": {"holderIdentity": "the one before", "leaseDurationSeconds": 200}}
    with lane.cluster.api() as api:
        assert api.request("POST", NODE_LEASES, held).status == 201
    save(progress, "first", directory=lane.directory)
    assert status(lane.directory).state == "running"
    # Else pods of tests that start from a fresh snapshot are Pending for 200 s, until the lease has run out.
    with lane.cluster.api() as api:
        assert api.request("GET", NODE_LEASES).json()["items"] == []
    make(lane, "made-after")
    started = restore(progress, "first", directory=lane.directory)
    assert started.lane == lane
    assert started.remarks == ()
    assert status(lane.directory).state == "running"
    assert made(lane) == {"made-before"}
    assert not (lane.directory / ".replaced").exists()


def test_snapshot_runs_in_another_directory_and_comes_back_after_the_lane_was_removed(
    lane: Lane, progress: RecordedProgress, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "Zoë's lane"
    (elsewhere / SNAPSHOTS).mkdir(parents=True)
    (elsewhere / "this-is-a-lane").touch()
    source = lane.directory / SNAPSHOTS / "first"
    subprocess.run(["cp", "-a", str(source), str(elsewhere / SNAPSHOTS)], check=True)
    assert down(progress, directory=lane.directory)  # it has the ports
    assert status(lane.directory).state == "absent"
    try:
        moved = restore(progress, "first", directory=elsewhere).lane
        assert moved.directory == elsewhere
        assert moved.model_copy(update={"directory": lane.directory}) == lane
        assert status(elsewhere).state == "running"
        assert made(moved) == {"made-before"}
        assert str(lane.directory) not in (moved.cluster.kubeconfig).read_text()
        forget("first", elsewhere)
    finally:
        down(progress, directory=elsewhere)
    assert not elsewhere.exists()
    restore(progress, "first", directory=lane.directory)
    assert made(lane) == {"made-before"}


SAVE = """
import os, signal, sys
from pathlib import Path
from tooling.lane import snapshot_operations
from tooling.lane.progress import progress_on

real = snapshot_operations.copy_tree
def killed(*arguments, **options):
    real(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "restore":
    snapshot_operations.replacement.complete_once = True
    snapshot_operations.replacement._move = lambda source, target: os.kill(os.getpid(), signal.SIGKILL)
    snapshot_operations.restore(progress_on(), "first", directory=Path(sys.argv[1]))
else:
    snapshot_operations.copy_tree = killed
    snapshot_operations.save(progress_on(), "second", directory=Path(sys.argv[1]))
"""


def kill(operation: str, lane: Lane) -> None:
    """While its services do not run: after the copy of a save, before the first move of a restore."""
    killed = subprocess.run(
        [sys.executable, "-c", SAVE, str(lane.directory), operation],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert names(lane.directory) == ["first"]
    assert status(lane.directory).state == "stopped"


def test_a_restore_that_is_killed_is_completed_by_the_next_start(lane: Lane, progress: RecordedProgress) -> None:
    make(lane, "made-before-the-restore")
    kill("restore", lane)
    up(progress, directory=lane.directory)
    assert made(lane) == {"made-before"}


def test_a_save_that_is_killed_leaves_no_half_of_it(lane: Lane, progress: RecordedProgress) -> None:
    make(lane, "made-before-the-save")
    wanted = made(lane)
    kill("save", lane)
    save(progress, "third", directory=lane.directory)
    assert status(lane.directory).state == "stopped"
    assert sorted(entry.name for entry in (lane.directory / SNAPSHOTS).iterdir()) == ["first", "third"]
    forget("third", lane.directory)
    up(progress, directory=lane.directory)
    assert made(lane) == wanted


def test_audit_knows_what_was_there_when_the_lane_began(lane: Lane) -> None:
    found = {item.get("name", "") for item in left(lane, settle_seconds=0)}
    assert {name for name in found if "made-" in name}


def test_forgetting_every_snapshot_leaves_no_directory_after_the_lane(lane: Lane, progress: RecordedProgress) -> None:
    for name in names(lane.directory):
        forget(name, lane.directory)
    assert down(progress, directory=lane.directory)
    assert not lane.directory.exists()
