"""Creates that failed without a response: kept on disk until the next run has checked whether the object exists.

The engine does not record a failed create. If the plug-in or the service died before it responded, the object may
exist, and only this file still has the requested inputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tooling.paths import local_directory
from tooling.runner.graph import StackId
from tooling.runner.recovery.deployment import UnconfirmedOperation
from tooling.whole_files import write_whole


def remember(stack: StackId, resource: Mapping[str, Any]) -> None:
    """Adds a resource, once even if it fails again. Called by one thread per stack."""
    kept = {each.urn: dict(each.resource) for each in remembered(stack)}
    kept[resource["urn"]] = dict(resource)
    file = _file(stack)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(list(kept.values())), private=True)


def remembered(stack: StackId) -> list[UnconfirmedOperation]:
    try:
        content = json.loads(_file(stack).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [UnconfirmedOperation(resource=resource) for resource in content]


def forget(stack: StackId) -> None:
    _file(stack).unlink(missing_ok=True)


def directory() -> Path:
    return local_directory() / "unfinished"


def _file(stack: StackId) -> Path:
    return directory() / stack.project / f"{stack.stack}.json"
