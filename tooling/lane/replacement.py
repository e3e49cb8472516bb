"""Replaces the present lane with a prepared one, completely or not at all, even if the command is killed.

The prepared entries lie complete in `RESTORING` inside the lane's directory before anything is touched. The record
`lane.json` is the first to leave and the last to arrive, so that a lane of which only a part has changed is no lane;
`tiers local up` then completes the change.
"""

from __future__ import annotations

import shutil
from pathlib import Path

RESTORING = ".restoring"
"""Holds the prepared entries."""
_READY = ".restoring-is-complete"
_FORMER = ".replaced"
_RECORD = "lane.json"

MARKER = "this-is-a-lane"
SNAPSHOTS = "snapshots"
_STAY = frozenset({SNAPSHOTS, RESTORING, _READY, _FORMER, MARKER})


def prepare(directory: Path) -> Path:
    """The directory for the entries of the new lane, after removing what an interrupted preparation left."""
    shutil.rmtree(directory / RESTORING, ignore_errors=True)
    return directory / RESTORING


def replace(directory: Path) -> None:
    """Moves the prepared entries into place. The services of the lane must have stopped."""
    (directory / _READY).write_text("\n".join(sorted(entry.name for entry in (directory / RESTORING).iterdir())))
    complete(directory)


def complete(directory: Path) -> bool:
    """Completes a replacement that was interrupted, and removes what an interrupted preparation left; False if there
    was none to complete."""
    ready, prepared, former = directory / _READY, directory / RESTORING, directory / _FORMER
    if not ready.exists():
        shutil.rmtree(prepared, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
        return False
    names = ready.read_text().splitlines()
    # The list is written before anything moves: an entry that is no longer among the prepared ones is in place.
    arrived = {name for name in names if not (prepared / name).exists() and not (prepared / name).is_symlink()}
    former.mkdir(exist_ok=True)
    leaving = [entry for entry in directory.iterdir() if entry.name not in _STAY and entry.name not in arrived]
    for entry in sorted(leaving, key=lambda each: each.name != _RECORD):
        _move(entry, former / entry.name)
    for name in sorted(set(names) - arrived, key=lambda each: each == _RECORD):
        _move(prepared / name, directory / name)
    ready.unlink()
    shutil.rmtree(prepared, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)
    return True


def _move(source: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    source.replace(target)
