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
from tooling.runner.project_files import ENGINE_KEYS, project_file, stack_file


def generated_work_dir(stack: StackId, root: Path, *, salt: str = "") -> Path:
    """Writes the two files for `stack` below `root` and returns their directory.

    Args:
        salt: `encryptionsalt` of a stack that has no key yet; else the engine makes one.
    """
    directory = root / stack.project
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / "Pulumi.yaml", project_file(stack.path))
    target = directory / f"Pulumi.{stack.stack}.yaml"
    kept = {key: value for key, value in _read(target).items() if key in ENGINE_KEYS}
    if salt and not kept:
        kept = {"encryptionsalt": salt}
    _write(target, {**kept, **stack_file(stack.path, stack.stack, stack.environment)})
    return directory


def _read(path: Path) -> dict[str, Any]:
    """Of a file that only the engine and this module write."""
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
