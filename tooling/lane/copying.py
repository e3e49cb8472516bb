"""Copies directories of sparse files: etcd preallocates 64 MB of log and fills a hundredth of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

_BLOCK_BYTES = 1 << 16
_EMPTY = bytes(_BLOCK_BYTES)


def copy_tree(source: Path, target: Path, *, skip: Callable[[Path], bool], reserve: bool = False) -> int:
    """Copies files, links and directories with their modes, and returns the bytes that the copy takes on disk.

    Args:
        target: does not exist yet.
        skip: whether a path, relative to `source`, is left out.
        reserve: have the space of empty blocks, too: a log that was preallocated must not meet a full disk later.
    """
    return _copy(source, target, Path(), skip, reserve)


def _copy(source: Path, target: Path, inside: Path, skip: Callable[[Path], bool], reserve: bool) -> int:
    target.mkdir()
    taken = 0
    for entry in sorted(os.scandir(source), key=lambda each: each.name):
        relative, to = inside / entry.name, target / entry.name
        if skip(relative):
            continue
        if entry.is_symlink():
            to.symlink_to(Path(entry.path).readlink())
        elif entry.is_dir():
            taken += _copy(Path(entry.path), to, relative, skip, reserve)
        elif entry.is_file():
            taken += _copy_file(Path(entry.path), to, reserve=reserve)
    shutil.copystat(source, target)
    return taken


def _copy_file(source: Path, target: Path, *, reserve: bool) -> int:
    taken = 0
    with source.open("rb", buffering=0) as reading, target.open("xb", buffering=0) as writing:
        while block := reading.read(_BLOCK_BYTES):
            if block == _EMPTY[: len(block)]:
                writing.seek(len(block), os.SEEK_CUR)
            else:
                _write(writing.fileno(), block)
                taken += len(block)
        size = writing.tell()
        writing.truncate(size)
        if reserve and size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(writing.fileno(), 0, size)
            taken = size
    shutil.copystat(source, target)
    return taken


def _write(descriptor: int, block: bytes) -> None:
    left = memoryview(block)
    while left:
        left = left[os.write(descriptor, left) :]
