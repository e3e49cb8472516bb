"""Source trees of services as they were when their image was recorded: `<lane>/images/<tree>/`.

A pod runs the tree of its image, so an older release runs its own code, and an edited file changes nothing until it is
released under another version.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = frozenset({"__pycache__", "tests", "node_modules"})
"""Directories that no image contains; hidden files are left out too."""


@dataclass(frozen=True)
class Tree:
    """A source tree's content: `name` is a hexadecimal SHA-256."""

    name: str
    size_bytes: int


def images_in(lane_directory: Path) -> Path:
    return lane_directory / "images"


def tree_of(directory: Path) -> Tree:
    digest, size = hashlib.sha256(), 0
    for path, file in _files(directory):
        content = file.read_bytes()
        size += len(content)
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return Tree(digest.hexdigest(), size)


def keep(directory: Path, images: Path) -> Tree:
    """Copies the tree, unless it has been kept already."""
    tree = tree_of(directory)
    target = images / tree.name
    if not target.is_dir():
        unfinished = target.with_name(f".{tree.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        for path, file in _files(directory):
            (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, unfinished / path)
        unfinished.rename(target)
    return tree


def package_in(tree: Path) -> str:
    """The package that `python -m` runs: the only one with a `__main__.py`; empty if there is not exactly one."""
    found = [path.parent.name for path in tree.glob("*/__main__.py")]
    return found[0] if len(found) == 1 else ""


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(directory.rglob("*")):
        relative = file.relative_to(directory)
        if file.is_file() and not any(part in _LEFT_OUT or part.startswith(".") for part in relative.parts):
            yield relative.as_posix(), file
