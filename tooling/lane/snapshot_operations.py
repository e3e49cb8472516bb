"""Saves the lane as a snapshot, and restores snapshots.

What belongs together is copied together: etcd's data, the journal of the emulated AWS, the states of the stacks, their
key, the lane's record with its ports. Its services do not run meanwhile. A lane survives being killed,
so they are ended at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from shared.errors import BadInput, Refused
from tooling.lane import replacement
from tooling.lane.binaries import ensure
from tooling.lane.cluster_processes import ClusterProcesses
from tooling.lane.copying import copy_tree
from tooling.lane.hosts import supported_host
from tooling.lane.lifecycle import Started, bring_up, check_is_a_lane, locked, stop_kubelet
from tooling.lane.progress import Progress
from tooling.lane.replacement import MARKER, RESTORING, SNAPSHOTS
from tooling.lane.run_lock import hold_run
from tooling.lane.snapshots import UNFINISHED, SavedStack, Snapshot, directory_of, find, saved_versions
from tooling.lane.state import Lane, emulator_in
from tooling.lane.status import PARTS, not_running, stacks
from tooling.paths import local_directory
from tooling.system_errors import MEBIBYTE, check_space

_LEFT_OUT = frozenset(
    {
        MARKER,
        SNAPSHOTS,
        RESTORING,
        # The engine's home, policies and logs are created again; plug-ins in the home contain the path of this clone.
        "pulumi",
        "policies",
        "logs",
        "ballast",
        "cluster/kwokctl",
        "cluster/kwokctl.log",
        "cluster/.kwok/clusters/lane/logs",
        "cluster/.kwok/clusters/lane/pids",
        "aws/emulator.log",
        "kubelet/kubelet.log",
        "kubelet/fork_server.log",
        "services",
    }
)
_REMADE = ("cluster/.kwok/clusters/lane/logs", "cluster/.kwok/clusters/lane/pids")
"""Directories that kwokctl expects."""

_NAMING_PATHS = (
    "cluster/kwokctl.yaml",
    "cluster/.kwok/clusters/lane/kwok.yaml",
    "cluster/.kwok/clusters/lane/kubeconfig.yaml",
)
"""Files of the cluster that contain absolute paths of the lane."""

_SPARE_BYTES = 50 * MEBIBYTE


def save(progress: Progress, name: str, *, directory: Path | None = None) -> Snapshot:
    """Saves the lane in `directory`, by default the clone's own. Services that were running are restarted.

    Raises:
        BadInput: the name is not valid, or there is no lane.
        Refused: there is such a snapshot, or an operation is running.
    """
    where = directory or local_directory()
    target = directory_of(name, where)
    with _exclusive(where, f"tiers local save {name}"):
        replacement.complete(where)
        lane = Lane.load(where)
        if lane is None:
            raise BadInput("lane-down", "there is no local lane to save", at=str(where), hint="tiers local up")
        if target.exists():
            raise Refused(
                "snapshot-exists",
                f"snapshot {name!r} already exists",
                at=str(target),
                hint=f"choose another name, or: tiers local forget {name}",
            )
        check_space(where, _SPARE_BYTES)
        ran = len(not_running(lane)) < len(PARTS)
        with progress.task(f"saving the local lane as {name}"):
            try:
                lane.cluster.release_nodes()
                _stop(where)
                snapshot = _copy(lane, target)
            finally:
                if ran:
                    bring_up(lane)
    return snapshot


def restore(progress: Progress, name: str, *, directory: Path | None = None) -> Started:
    """Replaces the lane in `directory`, if there is one, with a snapshot, and starts it.

    Raises:
        BadInput: there is no such snapshot.
        Refused: other versions made it, an operation is running, or this machine cannot run a lane.
        PlatformError: a port of the snapshot is taken, or a part does not come up.
    """
    where = directory or local_directory()
    snapshot = find(name, where)
    supported_host()
    ensure(progress)
    with _exclusive(where, f"tiers local restore {name}"), progress.task(f"restoring the local lane from {name}"):
        check_is_a_lane(where)
        replacement.complete(where)
        prepared = replacement.prepare(where)
        try:
            _prepare(snapshot, directory_of(name, where) / "lane", prepared, where)
        except BaseException:
            shutil.rmtree(prepared, ignore_errors=True)
            raise
        _stop(where)
        (where / MARKER).touch()
        replacement.replace(where)
        lane = Lane.load(where)
        if lane is None:
            raise AssertionError("the record of the restored lane is missing")
        return Started(lane, tuple(not_running(lane)), tuple(bring_up(lane)))


@contextmanager
def _exclusive(where: Path, purpose: str) -> Iterator[None]:
    def refuse(holder: str) -> None:
        raise Refused(
            "operation-running",
            f"an operation is running on the local lane: {holder.removeprefix('waiting for ')}",
            at=str(where),
            hint="wait until it has finished, then run the same command again",
        )

    with hold_run(where, purpose, waiting=refuse), locked(where, purpose, waiting=refuse):
        yield


def _stop(where: Path) -> None:
    stop_kubelet(where, grace_seconds=0)
    emulator_in(where).stop(grace_seconds=0)
    ClusterProcesses(where / "cluster").stop(grace_seconds=0)


def _copy(lane: Lane, target: Path) -> Snapshot:
    store = target.parent
    store.mkdir(mode=0o700, exist_ok=True)
    for left in store.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left)
    unfinished = store / f"{UNFINISHED}{target.name}"
    try:
        unfinished.mkdir(mode=0o700)
        size = copy_tree(lane.directory, unfinished / "lane", skip=lambda path: str(path) in _LEFT_OUT)
        snapshot = Snapshot(
            name=target.name,
            created=datetime.now(UTC).replace(microsecond=0),
            directory=lane.directory,
            versions=saved_versions(),
            stacks=tuple(
                SavedStack(project=stack.project, name=stack.name, resources=stack.resources)
                for stack in stacks(lane.state_directory)
            ),
            size_bytes=size,
        )
        (unfinished / "record.json").write_text(snapshot.model_dump_json(indent=2) + "\n")
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return snapshot


def _prepare(snapshot: Snapshot, source: Path, prepared: Path, where: Path) -> None:
    full_bytes = sum(file.lstat().st_size for file in source.rglob("*") if file.is_file())
    check_space(where, full_bytes + _SPARE_BYTES)
    copy_tree(source, prepared, skip=lambda _: False, reserve=True)
    for remade in _REMADE:
        if (prepared / remade).parent.is_dir():
            (prepared / remade).mkdir(exist_ok=True)
    if snapshot.directory != where:
        _relocate(snapshot.directory, where, prepared)


def _relocate(former: Path, where: Path, prepared: Path) -> None:
    """Rewrites the paths in a copy of the lane from `former` to `where`."""
    for name in _NAMING_PATHS:
        file = prepared / name
        if file.exists():
            file.write_text(file.read_text(encoding="utf-8").replace(f"{former}/", f"{where}/"), encoding="utf-8")
    record = prepared / "lane.json"
    lane = Lane.model_validate_json(record.read_bytes())
    record.write_text(lane.model_copy(update={"directory": where}).model_dump_json(indent=2) + "\n")
