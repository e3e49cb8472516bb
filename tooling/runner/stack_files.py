"""Generated working directories: a project's `Pulumi.yaml` and one stack file, under `.local/`.

The engine writes `encryptionsalt` and the like into a stack file and makes one where there is none; in a generated
directory that leaves the clone clean. What the engine wrote is kept when the file is written anew.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tooling.runner.graph import StackId

_ENGINE_KEYS = ("encryptionsalt", "encryptedkey", "secretsprovider")


def generated_work_dir(stack: StackId, root: Path) -> Path:
    """Writes the two files for `stack` below `root` and returns their directory."""
    directory = root / stack.project
    directory.mkdir(parents=True, exist_ok=True)
    project = yaml.safe_load((stack.path / "Pulumi.yaml").read_text(encoding="utf-8"))
    _write(directory / "Pulumi.yaml", project)
    target = directory / f"Pulumi.{stack.stack}.yaml"
    kept = {key: value for key, value in _read(target).items() if key in _ENGINE_KEYS}
    _write(target, {**kept, **_committed(stack)})
    return directory


def _committed(stack: StackId) -> dict[str, Any]:
    """The stack's own file in git; a tenant's stack falls back to its environment's."""
    for name in (stack.stack, stack.environment):
        content = _read(stack.path / f"Pulumi.{name}.yaml")
        if content:
            return content
    return {}


def _read(path: Path) -> dict[str, Any]:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def _write(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all: a run that is killed leaves no half file, and an unchanged one is left alone."""
    text = yaml.safe_dump(content, sort_keys=True)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)
