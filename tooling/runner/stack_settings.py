"""Checks every setting of every selected stack before the first stack is changed, and the Dockerfiles of services.

The programs check their own settings too, but one after another: a wrong value in tier 4 would be found when tiers 1
to 3 have been deployed, and a value of the wrong type by the engine, in its own words. An image that no pod may run is
found before it is built.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shared.errors import BadInput
from tooling.images.dockerfile import check_dockerfile
from tooling.images.services import is_service
from tooling.runner.graph import StackId
from tooling.runner.project_files import project_file, stack_file, stack_file_path


def check_settings(stacks: Iterable[StackId]) -> None:
    """Reads the stack files of `stacks` as their programs do.

    Raises:
        BadInput: `project-invalid`, `settings-invalid`; `dockerfile-…`, as `check_dockerfile` says.
    """
    for directory, stack, environment in dict.fromkeys((each.path, each.stack, each.environment) for each in stacks):
        project_file(directory)
        own = _own_settings(directory, stack, environment)
        # Only the engine can decrypt a secret value; the program checks it.
        if own and not any(_is_encrypted(value) for value in own.values()):
            _check(directory, _texts(own), stack_file_path(directory, stack, environment))
        if is_service(directory / "service"):
            check_dockerfile(directory / "service" / "Dockerfile")


def settings_texts(stack: StackId) -> dict[str, str]:
    """The settings in the stack's own file as the engine passes them, without those that are encrypted.

    Raises:
        BadInput: `settings-invalid`.
    """
    own = _own_settings(stack.path, stack.stack, stack.environment)
    return _texts({key: value for key, value in own.items() if not _is_encrypted(value)})


def _own_settings(directory: Path, stack: str, environment: str) -> dict[str, Any]:
    settings = stack_file(directory, stack, environment).get("config") or {}
    return {key.rpartition(":")[2]: value for key, value in settings.items() if _is_own(key, directory)}


def _texts(settings: Mapping[str, Any]) -> dict[str, str]:
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}


def _is_own(key: str, directory: Path) -> bool:
    return key.rpartition(":")[0] in ("", directory.name)


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _check(directory: Path, texts: Mapping[str, str], at: str) -> None:
    model = settings_model(directory)
    if model is None:
        return
    # Imported here: it loads the SDK, which a stack without settings does not need.
    from shared.settings import parse_settings

    parse_settings(model, texts, at=at, error=BadInput)


def settings_model(directory: Path) -> Any:
    """`InfrastructureSettings` of `infrastructure/settings.py`; None for a project that has no such class."""
    if not (directory / "settings.py").is_file():
        return None
    from shared.dry_runs.modules import load_module

    wanted = "".join(part.capitalize() for part in directory.name.split("-")) + "Settings"
    return getattr(load_module(directory, "settings"), wanted, None)
