"""Creates that failed without an answer: kept on disk until the next run has looked whether they made something.

The engine forgets a create that failed. Where the plug-in or the service died on the way, the object may exist all the
same, and only this file still knows what was asked for.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tooling.paths import local_directory
from tooling.runner.graph import StackId
from tooling.runner.recovery.deployment import Unfinished


def remember(stack: StackId, resource: Mapping[str, Any]) -> None:
    """Adds one; a resource that fails again is kept once. Called by one thread a stack."""
    kept = {each.urn: dict(each.resource) for each in remembered(stack)}
    kept[resource["urn"]] = dict(resource)
    file = _file(stack)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=".")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(list(kept.values()), out)
    Path(unfinished).replace(file)


def remembered(stack: StackId) -> list[Unfinished]:
    try:
        content = json.loads(_file(stack).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Unfinished(resource=resource) for resource in content]


def forget(stack: StackId) -> None:
    _file(stack).unlink(missing_ok=True)


def directory() -> Path:
    return local_directory() / "unfinished"


def _file(stack: StackId) -> Path:
    return directory() / stack.project / f"{stack.stack}.json"
