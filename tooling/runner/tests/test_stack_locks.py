"""A lock outlives an engine that was killed; one whose process lives is somebody's work."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shared.errors import Refused
from tooling.runner.graph import StackId, environment_graph, select
from tooling.runner.stack_locks import lift_stale_locks


@pytest.fixture
def stack() -> StackId:
    return select(environment_graph("local"), tiers=["infrastructure"])[0]


def lock(state: Path, content: str) -> Path:
    file = state / ".pulumi/locks/organization/infrastructure/local/0b5c.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    return file


def by(pid: int) -> str:
    return json.dumps({"pid": pid, "username": "ana", "hostname": socket.gethostname(), "timestamp": "2026-11-21"})


def ended_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_of_a_process_that_has_ended_is_removed_and_reported(tmp_path: Path, stack: StackId) -> None:
    pid = ended_pid()
    file = lock(tmp_path, by(pid))
    assert lift_stale_locks(tmp_path, [stack]) == [
        f"infrastructure/local: removed the lock of process {pid}, which has exited"
    ]
    assert not file.exists()


def test_the_lock_of_a_living_engine_is_respected_and_named(tmp_path: Path, stack: StackId) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to("/bin/sleep")
    process = subprocess.Popen([engine, "60"])
    try:
        # The kernel renames a process a moment after `Popen` has seen it start.
        while (name := Path(f"/proc/{process.pid}/comm")).exists() and name.read_text().strip() != "pulumi":
            time.sleep(0.01)
        file = lock(tmp_path, by(process.pid))
        with pytest.raises(Refused) as refused:
            lift_stale_locks(tmp_path, [stack])
        assert refused.value.code == "stack-locked"
        assert f"process {process.pid} of ana" in refused.value.what
        assert file.exists()
    finally:
        process.kill()
        process.wait()


def test_a_process_number_used_again_by_another_program_is_no_engine(tmp_path: Path, stack: StackId) -> None:
    process = subprocess.Popen(["/bin/sleep", "60"])
    try:
        lock(tmp_path, by(process.pid))
        assert len(lift_stale_locks(tmp_path, [stack])) == 1
    finally:
        process.kill()
        process.wait()


def test_a_lock_that_is_truncated_is_removed(tmp_path: Path, stack: StackId) -> None:
    lock(tmp_path, '{"pid": 12')
    assert len(lift_stale_locks(tmp_path, [stack])) == 1


def test_a_lock_of_another_machine_is_never_removed(tmp_path: Path, stack: StackId) -> None:
    lock(tmp_path, json.dumps({"pid": ended_pid(), "hostname": "elsewhere"}))
    with pytest.raises(Refused):
        lift_stale_locks(tmp_path, [stack])


def test_other_stacks_locks_are_left_alone(tmp_path: Path, stack: StackId) -> None:
    file = lock(tmp_path, by(ended_pid()))
    assert lift_stale_locks(tmp_path, select(environment_graph("local"), tiers=["platform-addons"])) == []
    assert file.exists()
