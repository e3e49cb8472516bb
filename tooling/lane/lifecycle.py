"""Starting the lane, and removing it with all its state.

`up` may run at any time, concurrently, and after any kill: it starts what is missing. The lane's services and their
state are removed together: `down` leaves only the caches and saved snapshots.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import PlatformError, Refused
from tooling.lane import replacement
from tooling.lane.audit import take_baseline
from tooling.lane.binaries import ensure
from tooling.lane.cluster_processes import ClusterProcesses
from tooling.lane.hosts import supported_host
from tooling.lane.locks import hold
from tooling.lane.ports import LOOPBACK, answers, becomes_free
from tooling.lane.processes import last_lines
from tooling.lane.program_choice import Ask, Programs
from tooling.lane.progress import Progress
from tooling.lane.pulumi_home import write_pulumi_home
from tooling.lane.replacement import MARKER, SNAPSHOTS
from tooling.lane.run_lock import hold_run
from tooling.lane.snapshots import names
from tooling.lane.state import Lane, emulator_in, kubelet_in, pinned_versions, services_of
from tooling.lane.state_key import make_state_key
from tooling.lane.status import EMULATOR, KUBELET, health, is_ready, not_running, stacks
from tooling.paths import REPOSITORY, cache_directory, local_directory
from tooling.system_errors import MEBIBYTE, check_space

_EMULATOR_SECONDS = 120.0
"""The emulator replays every request that has changed the account: a few milliseconds each."""

_KUBELET_SECONDS = 30.0

_EXIT_SECONDS = 2.0
"""For a killed process to end. An emulator that is starting does not answer either, and is then waited for."""

_NEW_LANE_BYTES = 300 * MEBIBYTE
"""etcd preallocates 128 MiB of log; a deployed chain takes 190 MiB (measured)."""

_STARTING_BYTES = 100 * MEBIBYTE
"""etcd preallocates its log in segments of 64 MiB."""

_POLL_SECONDS = 0.1

_STATE_WRITERS = ("kubernetes", "etcd")
"""Programs whose version determines the format on disk. The engine reads older state; kwok keeps none."""


@dataclass(frozen=True)
class Started:
    """Result of `up`: the parts that it started (none if all were running), and warnings for the user."""

    lane: Lane
    parts: tuple[str, ...]
    remarks: tuple[str, ...]


def up(
    progress: Progress, *, directory: Path | None = None, programs: Programs | None = None, ask: Ask | None = None
) -> Started:
    """Creates the lane in `directory`, by default the clone's own, or starts those of its parts that are not running.

    `programs` and `ask` say how missing programs are obtained: see `binaries.ensure`.

    Raises:
        Refused: this machine cannot run the lane, or its state cannot be recovered.
        PlatformError: a program is unavailable, a port is in use, or a part does not start.
    """
    supported_host()
    where = directory or local_directory()
    ensure(progress, programs=programs, ask=ask)
    with locked(where, "tiers local up", waiting=progress.note):
        replacement.complete(where)
        lane = Lane.load(where)
        if lane is None:
            check_space(where, _NEW_LANE_BYTES)
            lane = _prepare(where)
        _check_versions(lane)
        _check_state(lane)
        missing = _missing(lane)
        if missing:
            check_space(where, _STARTING_BYTES)
        with progress.task(f"starting the local lane ({', '.join(missing)})") if missing else nullcontext():
            remarks = bring_up(lane)
        return Started(lane, tuple(missing), tuple(remarks))


def down(progress: Progress, *, directory: Path | None = None) -> bool:
    """Stops every process of the lane and removes its directory, except snapshots; False if there was no lane.

    Works even if the record is unreadable. Stacks are not destroyed: their resources disappear with the lane.

    Raises:
        Refused: the directory is not a lane.
    """
    where = directory or local_directory()
    purpose = "tiers local down"
    with (
        hold_run(where, purpose, waiting=progress.note, leave=False),
        locked(where, purpose, waiting=progress.note, leave=False),
    ):
        if not where.exists():
            return False
        check_is_a_lane(where)
        if {entry.name for entry in where.iterdir()} == {MARKER, SNAPSHOTS}:
            return False
        with progress.task("removing the local lane"):
            stop_kubelet(where)
            emulator_in(where).stop()
            ClusterProcesses(where / "cluster").stop(grace_seconds=0)
            _remove(where)
        return True


def holds_resources(directory: Path | None = None) -> list[str]:
    """Stacks of the lane whose resources would be lost with it, e.g. `infrastructure/local (31 resources)`."""
    found = stacks((directory or local_directory()) / "state")
    return [f"{stack.project}/{stack.name} ({stack.resources} resources)" for stack in found if stack.resources]


@contextmanager
def locked(directory: Path, purpose: str, *, waiting: Callable[[str], None], leave: bool = True) -> Iterator[None]:
    """Locks the lane in `directory` while its services are started or stopped; see `locks.hold`."""
    # Outside the directory, which `down` removes while others may be waiting.
    name = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    with hold(cache_directory() / "locks" / name, purpose, waiting=waiting, leave=leave):
        yield


def _remove(directory: Path) -> None:
    if names(directory):
        for entry in directory.iterdir():
            if entry.name not in (MARKER, SNAPSHOTS):
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        (directory / MARKER).touch()
        return
    try:
        shutil.rmtree(directory)
    except OSError as error:
        # A mount point stays: it is not the lane's, and empty by now.
        if error.errno != errno.EBUSY or any(directory.iterdir()):
            raise


def _prepare(directory: Path) -> Lane:
    if directory.exists():
        check_is_a_lane(directory)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    (directory / MARKER).touch()
    lane = Lane.new(directory)
    lane.state_directory.mkdir(exist_ok=True)
    # Last: a record exists only for a lane whose directory is complete.
    lane.save()
    return lane


def check_is_a_lane(directory: Path) -> None:
    """Checks a directory before `down` removes it, since `TIERS_LOCAL_DIR` may name any directory.

    Raises:
        Refused: `directory-not-a-lane`.
    """
    in_the_clone = directory == REPOSITORY / ".local"
    if directory.is_dir() and (in_the_clone or (directory / MARKER).exists() or not any(directory.iterdir())):
        return
    raise Refused(
        "directory-not-a-lane",
        "the lane's directory holds other files, which would be removed with the lane",
        at=str(directory),
        hint="set TIERS_LOCAL_DIR to a new or empty directory",
    )


def _check_versions(lane: Lane) -> None:
    pinned = pinned_versions()
    changed = [
        f"{name} {lane.versions.get(name, 'unknown')}, now {pinned[name]}"
        for name in _STATE_WRITERS
        if lane.versions.get(name) != pinned[name]
    ]
    if changed:
        raise Refused(
            "lane-outdated",
            f"the lane was created by other versions: {'; '.join(changed)}",
            at=str(lane.directory),
            hint="tiers local reset",
        )


def _check_state(lane: Lane) -> None:
    """Refuses a lane that lost a part of its state, which would contradict its stacks."""
    if not lane.baseline_file.exists():
        return  # it never started, so nothing is lost
    lost = []
    if not lane.cluster.exists():
        lost.append("the cluster's objects")
    if not (lane.directory / "aws" / "journal.jsonl").exists():
        lost.append("the emulated AWS account")
    if not lane.state_key_file.exists():
        lost.append("the key of the stacks' states")
    if lost:
        raise Refused(
            "lane-state-lost",
            f"lost: {', '.join(lost)}; the lane's stacks depend on it and cannot be used",
            at=str(lane.directory),
            hint="tiers local reset",
        )


def _missing(lane: Lane) -> list[str]:
    missing = not_running(lane)
    if not missing and not lane.baseline_file.exists():
        missing.append("baseline")  # a run was killed just before it finished
    return missing


def bring_up(lane: Lane) -> list[str]:
    """Starts what is not running and waits for all parts, since a running one may have started a moment ago.

    The lane must be held by `locked`. Returns what people should know.
    """
    write_pulumi_home(lane.pulumi_home)
    replayed = _ends_or_has_ended(lane)
    if replayed:
        _check_ports(EMULATOR, lane.ports.aws, lane.ports.webhook)
        lane.start_emulator()
    # The emulator starts meanwhile; the API server needs it only once a client presents a token.
    lane.cluster.start()
    if lane.kubelet.pid() is None:
        _check_ports(KUBELET, lane.ports.ingress)
        lane.start_kubelet()
    facts = _wait_for_emulator(lane)
    if not lane.state_key_file.exists():
        make_state_key(lane.aws_endpoint, lane.environment(), lane.state_key_file)
    if not lane.baseline_file.exists():
        take_baseline(lane)
    _wait_for_kubelet(lane)
    diverged = facts.get("diverged") or ()
    if replayed and diverged:
        return [
            f"{len(diverged)} of {facts.get('replayed')} requests to the emulated AWS returned a different "
            "response when replayed; to see what differs: tiers refresh --stack local"
        ]
    return []


def _ends_or_has_ended(lane: Lane) -> bool:
    """Whether the emulator has to be started. One that does not answer may be about to end: a killed process stays in
    the process table until its memory is freed."""
    deadline = time.monotonic() + _EXIT_SECONDS
    while lane.emulator.pid() is not None:
        if health(lane) is not None or time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def stop_kubelet(directory: Path, grace_seconds: float = 5.0) -> None:
    """Stops the kubelet of the lane in `directory`, and returns when the processes of its pods have exited."""
    kubelet_in(directory).stop(grace_seconds)
    services_of(directory).stop(grace_seconds=0)


def _check_ports(part: str, *ports: int) -> None:
    for port in ports:
        if not becomes_free(port):
            raise PlatformError(
                "port-taken",
                f"port {port} of the lane's {part} is used by another program",
                at=f"{LOOPBACK}:{port}",
                hint="stop the program that listens there, or discard the lane's state with: tiers local reset",
            )


def _wait_for_kubelet(lane: Lane) -> None:
    deadline = time.monotonic() + _KUBELET_SECONDS
    while not answers(lane.ports.ingress):
        if lane.kubelet.pid() is None or time.monotonic() > deadline:
            raise PlatformError(
                "kubelet-not-up",
                f"the lane's {KUBELET} does not start: {last_lines(lane.kubelet.log, 3)}",
                at=str(lane.kubelet.log),
                hint="tiers local reset",
            )
        time.sleep(_POLL_SECONDS)


def _wait_for_emulator(lane: Lane) -> dict[str, Any]:
    deadline = time.monotonic() + _EMULATOR_SECONDS
    while True:
        facts = health(lane)
        if facts is not None and is_ready(facts):
            return facts
        if lane.emulator.pid() is None or time.monotonic() > deadline:
            raise PlatformError(
                "emulator-not-up",
                f"the lane's {EMULATOR} does not start: {last_lines(lane.emulator.log, 3)}",
                at=str(lane.emulator.log),
                hint="tiers local reset",
            )
        time.sleep(_POLL_SECONDS)
