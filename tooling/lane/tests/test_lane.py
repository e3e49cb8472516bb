"""A whole lane: what its environment reaches, how it survives kills, and that nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import PlatformError
from tooling.lane.audit import left
from tooling.lane.lifecycle import down, up
from tooling.lane.ports import is_free
from tooling.lane.processes import command_lines
from tooling.lane.pulumi_home import PLUGINS
from tooling.lane.state import Lane
from tooling.lane.state_key import SECRETS_PROVIDER, state_key
from tooling.lane.status import status
from tooling.lane.tests.conftest import RecordedProgress
from tooling.paths import REPOSITORY

pytestmark = pytest.mark.lane

on_the_lane = pytest.mark.xdist_group("lane")
"""With the snapshots, whose tests go on with the same lane."""

NAMESPACE = {"metadata": {"name": "made-by-a-test"}}
NAMESPACES = "/api/v1/namespaces"
UP = """
import sys
from pathlib import Path
from tooling.lane.lifecycle import up
from tooling.lane.progress import progress_on
print(up(progress_on(), directory=Path(sys.argv[1])).lane.model_dump_json())
"""
WITH_REPOSITORY = {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def run(lane: Lane, *command: str, cwd: Path | None = None) -> str:
    answer = subprocess.run(command, env=lane.environment(), cwd=cwd, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def processes_of(directory: Path) -> list[str]:
    return [command for pid, command in command_lines() if str(directory) in command and pid != os.getpid()]


@on_the_lane
def test_every_part_runs_and_its_own_status_says_so(lane: Lane) -> None:
    found = status(lane.directory)
    assert found.state == "running"
    assert [part.name for part in found.parts if not part.ready] == []
    assert {part.name for part in found.parts} >= {"emulated AWS", "kube-apiserver", "etcd", "kubelet"}


@on_the_lane
def test_bringing_up_a_running_lane_changes_nothing(lane: Lane, progress: RecordedProgress) -> None:
    before = status(lane.directory)
    again = up(progress, directory=lane.directory)
    assert (again.parts, again.remarks) == ((), ())
    assert again.lane == lane
    assert status(lane.directory) == before


@on_the_lane
def test_the_engine_finds_the_lanes_plugins_at_the_sdks_versions(lane: Lane) -> None:
    listed = {entry["name"]: entry["version"] for entry in json.loads(run(lane, "pulumi", "plugin", "ls", "--json"))}
    assert set(listed) == set(PLUGINS)
    for name in PLUGINS:
        said = json.loads((_site_packages() / f"pulumi_{name}" / "pulumi-plugin.json").read_text())
        assert listed[name] == said["version"]


def _site_packages() -> Path:
    import pulumi

    return Path(pulumi.__file__).parent.parent


@on_the_lane
def test_the_engine_keeps_its_state_and_secrets_in_the_lane(lane: Lane, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: tried\nruntime: python\n")
    run(lane, "pulumi", "stack", "init", "local", "--secrets-provider", SECRETS_PROVIDER, cwd=tmp_path)
    run(lane, "pulumi", "config", "set", "--secret", "word", "hidden", cwd=tmp_path)
    assert run(lane, "pulumi", "config", "get", "word", cwd=tmp_path) == "hidden\n"
    assert (lane.state_directory / ".pulumi" / "stacks" / "tried" / "local.json").exists()
    assert [(stack.project, stack.name, stack.resources) for stack in status(lane.directory).stacks] == [
        ("tried", "local", 0)
    ]
    run(lane, "pulumi", "stack", "rm", "--yes", "local", cwd=tmp_path)


@on_the_lane
def test_aws_commands_reach_the_emulation(lane: Lane) -> None:
    assert json.loads(run(lane, "aws", "sts", "get-caller-identity"))["Account"] == "123456789012"


@on_the_lane
def test_only_the_owner_may_look_into_the_lane(lane: Lane) -> None:
    assert lane.directory.stat().st_mode & 0o077 == 0
    assert lane.state_key_file.stat().st_mode & 0o077 == 0


@on_the_lane
def test_no_secret_shows_in_a_process_list(lane: Lane) -> None:
    shown = "\n".join(processes_of(lane.directory))
    assert "tooling.aws_emulator" in shown
    assert state_key(lane.state_key_file)["encryptedkey"] not in shown
    assert lane.secret_access_key not in shown


@on_the_lane
def test_the_audit_names_what_was_made_and_nothing_else(lane: Lane) -> None:
    assert left(lane, settle_seconds=0) == []
    run(lane, "aws", "s3api", "create-bucket", "--bucket", "made-by-a-test")
    with lane.cluster.api() as api:
        api.request("POST", NAMESPACES, NAMESPACE)
        until(
            lambda: api.request("GET", f"{NAMESPACES}/made-by-a-test/configmaps/kube-root-ca.crt").status == 200,
            "Kubernetes put nothing of its own into the namespace",
        )
        found = left(lane, settle_seconds=0)
        assert {entry["in"] for entry in found} == {"aws", "kubernetes"}
        assert [entry for entry in found if entry["in"] == "kubernetes"] == [
            {"in": "kubernetes", "group": "", "kind": "Namespace", "namespace": "", "name": "made-by-a-test"}
        ]
        assert "made-by-a-test" in json.dumps([entry for entry in found if entry["in"] == "aws"])
        run(lane, "aws", "s3api", "delete-bucket", "--bucket", "made-by-a-test")
        api.request("DELETE", f"{NAMESPACES}/made-by-a-test")
    assert left(lane) == []


def test_a_lane_killed_on_its_way_up_is_brought_up_once_by_two_at_once_and_the_second_waits(
    tmp_path: Path, progress: RecordedProgress
) -> None:
    """And killed again it comes back, and goes without a trace."""
    directory = tmp_path / "lane"
    command = [sys.executable, "-c", UP, str(directory)]
    started = [subprocess.Popen(command, env=WITH_REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    try:
        # kwokctl has begun, and goes on when the command that ran it is killed.
        until(lambda: any("kwokctl create" in each for each in processes_of(directory)), "kwokctl never ran")
        started[0].kill()
        started[0].wait()
        both = [
            subprocess.Popen(command, env=WITH_REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        started += both
        results = [process.communicate(timeout=120) for process in both]
        assert [process.returncode for process in both] == [0, 0], results
        first, second = (out for out, _ in results)
        assert first == second
        said = [err for _, err in results if "waiting for `tiers local up`" in err]
        assert len(said) == 1
        lane = Lane.load(directory)
        assert lane is not None
        assert first == f"{lane.model_dump_json()}\n"
        assert status(directory).state == "running"
        for program in ("/bin/etcd ", "/bin/kube-apiserver ", "tooling.aws_emulator", "tooling.kubelet "):
            assert len([each for each in processes_of(directory) if program in each]) == 1, program

        run(lane, "aws", "s3api", "create-bucket", "--bucket", "kept")
        with lane.cluster.api() as api:
            api.request("POST", NAMESPACES, NAMESPACE)
        for pid in (lane.emulator.pid(), lane.kubelet.pid(), *lane.cluster.processes.pids().values()):
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        until(lambda: not processes_of(directory), "it was not killed")
        assert status(directory).state == "stopped"
        with pytest.raises(PlatformError) as caught:
            left(lane)
        assert caught.value.code == "lane-not-running"

        again = up(progress, directory=directory)
        assert set(again.parts) == {part.name for part in status(directory).parts}
        assert again.remarks == ()
        assert again.lane == lane
        assert "kept" in run(lane, "aws", "s3api", "list-buckets")
        with lane.cluster.api() as api:
            assert api.request("GET", f"{NAMESPACES}/made-by-a-test").status == 200
    finally:
        for process in started:
            process.kill()
            process.wait()
        removed = down(progress, directory=directory)
    assert removed
    assert processes_of(directory) == []
    assert not directory.exists()
    assert all(is_free(port) for port in lane.ports.model_dump().values())
    assert status(directory).state == "absent"
    assert not down(progress, directory=directory)
