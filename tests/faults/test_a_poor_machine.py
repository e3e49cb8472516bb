"""A disk that is full, a clone that cannot be written to, no network: told by name, or no matter at all."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.chain.clone import Clone
from tests.faults.namespaces import namespaces, refusal

pytestmark = [
    pytest.mark.lane,
    pytest.mark.engine,
    pytest.mark.xdist_group("a poor machine"),
    pytest.mark.skipif(bool(refusal()), reason=refusal()),
]


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone on a machine without network, read-only, whose lane belongs on a disk of 50 MB."""
    directory = tmp_path_factory.mktemp("poor")
    clone = Clone(directory)
    lane = directory / "disk" / "lane"
    lane.parent.mkdir()
    with namespaces(
        directory / "ready",
        ["mount", "-t", "tmpfs", "-o", "size=50m", "none", str(lane.parent)],
        ["mount", "--bind", str(clone.path), str(clone.path)],
        ["mount", "-o", "remount,ro,bind", str(clone.path)],
    ) as prefix:
        clone.prefix, clone.variables, clone.local = prefix, {"TIERS_LOCAL_DIR": str(lane)}, lane
        try:
            yield clone
        finally:
            clone.tiers("local", "down", "--yes")


def run_in(clone: Clone, *command: str) -> None:
    subprocess.run([*clone.prefix, *command], check=True)


def resize(clone: Clone, size: str) -> None:
    run_in(clone, "mount", "-o", f"remount,size={size}", str(clone.local.parent))


def test_a_read_only_clone_says_where_the_lane_can_live(poor: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poor, "variables", {})
    said = poor.tiers("local", "up", expect=1).stderr
    assert "error[read-only]" in said
    assert f"at: {poor.path}/.local" in said
    assert "export TIERS_LOCAL_DIR=" in said


def test_a_disk_that_is_too_small_is_told_before_anything_is_started(poor: Clone) -> None:
    said = poor.tiers("local", "up", expect=1).stderr
    assert "error[disk-full]: 50 MiB are free, but 300 MiB are needed" in said
    assert f"at: {poor.local.parent}" in said
    assert poor.tiers("local", "status", "--json").document["state"] == "absent"


def test_the_lane_lives_without_network_beside_a_read_only_clone(poor: Clone) -> None:
    resize(poor, "700m")
    poor.tiers("local", "up")
    assert poor.tiers("local", "status", "--json").document["state"] == "running"


def test_a_snapshot_for_which_there_is_no_room_stops_nothing_and_leaves_nothing(poor: Clone) -> None:
    filler = poor.local.parent / "filler"
    fill = 'head -c "$(($(df --output=avail -B1 "$1" | tail -n 1) - 40000000))" /dev/zero >"$2"'
    run_in(poor, "sh", "-c", fill, "sh", str(poor.local), str(filler))
    refused = poor.tiers("local", "save", "first", expect=1).stderr
    run_in(poor, "rm", str(filler))
    assert "error[disk-full]" in refused
    assert poor.tiers("local", "status", "--json").document["state"] == "running"
    assert "no snapshots" in poor.tiers("local", "list").stdout


def test_a_disk_that_becomes_full_in_the_middle_damages_nothing(poor: Clone) -> None:
    filler = poor.local.parent / "filler"
    # Once the VPC is in the state, every byte of the disk is taken, and none of the ballast's, which was put aside.
    fill = (
        'n=0; until grep -qs aws:ec2/vpc:Vpc "$1" || [ $((n += 1)) -gt 6000 ]; do sleep 0.05; done; '
        'head -c "$(df --output=avail -B1 "$1" | tail -n 1)" /dev/zero >"$2" 2>/dev/null'
    )
    state = poor.local / "state/.pulumi/stacks/infrastructure/local.json"
    words = ["sh", "-c", fill, "sh", str(state), str(filler)]
    with subprocess.Popen([*poor.prefix, *words]) as filling:
        poor.tiers("up", "infrastructure", "--stack", "local")
        filling.wait()
    refused = poor.tiers("up", "infrastructure", "--stack", "local", expect=1).stderr
    assert "error[disk-full]" in refused
    run_in(poor, "rm", str(filler))
    poor.tiers("preview", "infrastructure", "--stack", "local", "--expect-no-changes")
