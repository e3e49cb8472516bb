"""The directory that `tiers render` writes: replaced as a whole, with the environments that it has already."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from shared.errors import Refused
from tooling.manifests.kubectl import built
from tooling.manifests.layers import HEADER, KUSTOMIZATION

Object = dict[str, Any]

PARTS = ("argo-cd", "base", "overlays")
"""The directories that it consists of; anything else in the directory is kept."""


def rendered_before(directory: Path) -> dict[str, list[Object]]:
    """The objects of each environment that the directory has; empty if there is no such directory, or nothing in it.

    Raises:
        Refused: `directory-taken`.
        BadInput: `kustomize-failed`.
    """
    recover(directory)
    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return {}
    base = directory / "base" / KUSTOMIZATION
    if not (directory.is_dir() and base.is_file() and base.read_text(encoding="utf-8").startswith(HEADER)):
        raise Refused(
            "directory-taken",
            f"{directory} exists, and tiers render has not written it",
            at="--out",
            hint="choose a directory that does not exist, or one that tiers render has written",
        )
    overlays = sorted(path for path in (directory / "overlays").glob("*") if (path / KUSTOMIZATION).is_file())
    return {path.name: _objects(built(path, at=str(path))) for path in overlays}


def _objects(text: str) -> list[Object]:
    return [one for one in yaml.safe_load_all(text) if one]


def replace_directory(directory: Path, files: Mapping[str, str], *, parts: Sequence[str] = PARTS) -> None:
    """Replaces the `parts` of a directory by `files`, path to content; whatever else is in it stays.

    Nobody ever sees a part of the new content: it is written beside the directory, which is then renamed. A run that is
    killed between the two renames leaves the former directory under another name; `recover` puts it back.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}.new-"))
    try:
        content = unfinished / directory.name
        if directory.is_dir():
            shutil.copytree(directory, content, symlinks=True)
        for part in parts:
            shutil.rmtree(content / part, ignore_errors=True)
        for path, text in files.items():
            target = content / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        before = _before(directory)
        if directory.exists():
            directory.rename(before)
        content.rename(directory)
        shutil.rmtree(before, ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        recover(directory)


def recover(directory: Path) -> None:
    """Puts the former directory back if a run was killed before the new one was in its place."""
    before = _before(directory)
    if not before.exists():
        return
    if directory.exists():
        shutil.rmtree(before)
    else:
        before.rename(directory)


def _before(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}.before")
