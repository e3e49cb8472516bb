"""Snapshots of the lane: what is kept of each, which exist, and forgetting one. Making and restoring them is
`snapshot_operations`' business.

A snapshot is a directory below `snapshots/` of the lane's directory, and outlives the lane: `record.json` says what it
is, `lane/` holds the lane's files. It has its name only once it is complete.
"""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import BadInput, Refused, nearest
from tooling.lane.replacement import SNAPSHOTS
from tooling.lane.state import LANE_FORMAT, pinned_versions
from tooling.paths import local_directory

UNFINISHED = ".unfinished-"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
_STATE_WRITERS = ("kubernetes", "etcd", "moto", "lane")


class SavedStack(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    project: str
    name: str
    resources: int


class Snapshot(BaseModel):
    """The record of one snapshot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str
    created: datetime
    directory: Path
    """Directory of the saved lane: the cluster's files refer to each other by absolute path."""
    versions: dict[str, str]
    stacks: tuple[SavedStack, ...]
    size_bytes: int
    """On disk."""


def saved_versions() -> dict[str, str]:
    """Versions that a snapshot must match to be readable."""
    known = {**pinned_versions(), "moto": version("moto"), "lane": str(LANE_FORMAT)}
    return {name: known[name] for name in _STATE_WRITERS}


def directory_of(name: str, lane_directory: Path | None = None) -> Path:
    """The directory of the snapshot `name`, whether it exists or not.

    Raises:
        BadInput: `snapshot-name-invalid`.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            "snapshot-name-invalid",
            f"{name!r} is not a valid snapshot name: use lower-case letters, digits, `-` and `.`, at most 63, "
            "with a letter or digit first and last",
            at="NAME",
            hint="choose another name, e.g. tiers local save before-upgrade",
        )
    return _store(lane_directory) / name


def snapshots(lane_directory: Path | None = None) -> list[Snapshot]:
    """Every complete snapshot, sorted by name; an unreadable record raises `snapshot-unreadable`."""
    return [_read(_store(lane_directory) / name) for name in names(lane_directory)]


def names(lane_directory: Path | None = None) -> list[str]:
    """Names of the complete snapshots."""
    store = _store(lane_directory)
    if not store.is_dir():
        return []
    return sorted(entry.name for entry in store.iterdir() if _NAME.fullmatch(entry.name))


def find(name: str, lane_directory: Path | None = None) -> Snapshot:
    """The snapshot `name`, if this version of the repository can restore it.

    Raises:
        BadInput: `snapshot-name-invalid`, `snapshot-unknown`.
        Refused: `snapshot-unreadable`, `snapshot-outdated`.
    """
    found = _read(_existing(name, lane_directory))
    now = saved_versions()
    changed = [
        f"{what} {found.versions.get(what, 'unknown')}, now {now[what]}"
        for what in _STATE_WRITERS
        if found.versions.get(what) != now[what]
    ]
    if changed:
        raise Refused(
            "snapshot-outdated",
            f"the snapshot was created by other versions: {'; '.join(changed)}",
            at=str(directory_of(name, lane_directory)),
            hint=f"tiers local forget {name}, and save again; or check out the commit that created it",
        )
    return found


def forget(name: str, lane_directory: Path | None = None) -> None:
    """Removes a snapshot, even an unreadable one.

    Raises:
        BadInput: `snapshot-name-invalid`, `snapshot-unknown`.
    """
    directory = _existing(name, lane_directory)
    # Renamed first: a partly removed snapshot must not keep its name.
    leaving = directory.with_name(f"{UNFINISHED}{name}")
    shutil.rmtree(leaving, ignore_errors=True)
    directory.rename(leaving)
    shutil.rmtree(leaving)
    if not any(directory.parent.iterdir()):
        directory.parent.rmdir()


def _existing(name: str, lane_directory: Path | None) -> Path:
    directory = directory_of(name, lane_directory)
    if not directory.is_dir():
        known = names(lane_directory)
        raise BadInput(
            "snapshot-unknown",
            f"there is no snapshot {name!r}{nearest(name, known)}",
            at=str(directory.parent),
            hint="tiers local list" if known else f"tiers local save {name}",
        )
    return directory


def _read(directory: Path) -> Snapshot:
    try:
        return Snapshot.model_validate_json((directory / "record.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise Refused(
            "snapshot-unreadable",
            "the record of the snapshot is unreadable, or was written by another version of this repository",
            at=str(directory / "record.json"),
            hint=f"tiers local forget {directory.name}",
        ) from error


def _store(lane_directory: Path | None) -> Path:
    return (lane_directory or local_directory()) / SNAPSHOTS
