"""Reads and checks the two files that users write in a project, `Pulumi.yaml` and `Pulumi.<stack>.yaml`.

What a setting may be is the program's own business (`shared.settings`). Here is what would never reach it: a file that
cannot be read, a key that nothing would read, a value that the engine refuses in its own words, after it has started.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.errors import BadInput, nearest
from shared.yaml_files import read_mapping
from tooling.paths import REPOSITORY

ENGINE_KEYS = ("encryptionsalt", "encryptedkey", "secretsprovider")
"""Keys of a stack file that the engine writes by itself."""

_STACK_KEYS = (*ENGINE_KEYS, "config", "environment")
_OTHER_READERS = ("pulumi", "kubernetes")
"""Configuration namespaces that the engine and the Kubernetes plug-in read, besides the project's own."""

_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "string": ("text", (str, int, float)),
    "integer": ("a whole number", (int,)),
    "boolean": ("true or false", (bool,)),
    "array": ("a list", (list,)),
    "object": ("a mapping", (dict,)),
}
"""Types that `Pulumi.yaml` may declare: their description and their Python types."""


def project_file(directory: Path) -> dict[str, Any]:
    """The content of `Pulumi.yaml`.

    Raises:
        BadInput: `project-invalid`.
    """
    where = _shown(directory / "Pulumi.yaml")
    content = read_mapping(directory / "Pulumi.yaml", at=where, code="project-invalid")
    if content.get("name") != directory.name:
        raise BadInput(
            "project-invalid",
            f"`name` must be the name of the directory, {directory.name!r}, which identifies its stacks",
            at=f"{where}, name",
            hint=f"edit {where}",
        )
    _mapping_at(content, "config", where, "project-invalid")
    return content


def declared_settings(directory: Path) -> Mapping[str, Any]:
    """`config:` of `Pulumi.yaml`: the settings that the project declares.

    Raises:
        BadInput: `project-invalid`.
    """
    return project_file(directory).get("config") or {}


def stack_file(directory: Path, stack: str, environment: str) -> dict[str, Any]:
    """The content of the stack's own file in git; a tenant's stack falls back to its environment's. Empty if neither.

    Raises:
        BadInput: `settings-invalid`, naming file and key.
    """
    where = stack_file_path(directory, stack, environment)
    if not where:
        return {}
    content = read_mapping(REPOSITORY / where, at=where, code="settings-invalid")
    for key in content:
        if key not in _STACK_KEYS:
            raise _unknown(f"`{key}`", key, ("config", "environment"), where)
    declared = {key: value for key, value in declared_settings(directory).items() if ":" not in key}
    for key, value in _mapping_at(content, "config", where, "settings-invalid").items():
        namespace, _, setting = key.rpartition(":")
        if namespace in _OTHER_READERS:
            continue
        if namespace not in ("", directory.name):
            raise _unknown(
                f"`{key}`, which no program reads", key, [f"{directory.name}:{name}" for name in declared], where
            )
        if setting in declared:
            _check_kind(declared[setting], setting, value, where)
        elif not (directory / "settings.py").is_file():
            # A settings model may have more keys than are declared: those without a default.
            raise _unknown(f"`{setting}`", setting, declared, where)
    return content


def stack_file_path(directory: Path, stack: str, environment: str) -> str:
    """The path of the file that `stack_file` reads; empty if there is none."""
    for name in (stack, environment):
        path = directory / f"Pulumi.{name}.yaml"
        # A dangling link counts as an unreadable file, not as a missing one.
        if path.exists() or path.is_symlink():
            return _shown(path)
    return ""


def stack_settings(directory: Path, environment: str) -> Mapping[str, Any]:
    """`config:` of the environment's stack file; empty if there is none.

    Raises:
        BadInput: `settings-invalid`.
    """
    return stack_file(directory, environment, environment).get("config") or {}


def _check_kind(declared: Any, key: str, value: Any, at: str) -> None:
    if not isinstance(declared, Mapping) or (isinstance(value, dict) and set(value) == {"secure"}):
        return
    words, kinds = _KINDS.get(declared.get("type", ""), ("", (object,)))
    if isinstance(value, str) and str not in kinds:
        value = _from_text(value)
    # In Python a bool is an int too.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise BadInput("settings-invalid", f"`{key}` must be {words}", at=f"{at}, {key}", hint=f"edit {at}")


def _from_text(value: str) -> Any:
    """The value of `"3"` or `"true"`: the engine writes every scalar of a stack file as text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _mapping_at(content: Mapping[str, Any], key: str, at: str, code: str) -> Mapping[str, Any]:
    value = content.get(key) or {}
    if not isinstance(value, Mapping):
        raise BadInput(code, f"`{key}` must be a mapping of keys to values", at=f"{at}, {key}", hint=f"edit {at}")
    return value


def _unknown(what: str, name: str, known: Any, at: str) -> BadInput:
    return BadInput(
        "settings-invalid",
        f"unknown key {what}{nearest(name, known)}",
        at=f"{at}, {what.split('`')[1]}",
        hint=f"edit {at}",
    )


def _shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)
