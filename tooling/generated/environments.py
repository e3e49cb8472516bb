"""The page that compares the environments: only the settings that differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from shared.environment import environment_names, load_environment
from shared.errors import BadInput
from shared.settings import parse_settings
from tooling.generated.project_files import project_directories, settings_model
from tooling.generated.tables import NOTE, table
from tooling.paths import REPOSITORY

Values = Mapping[str, Any]


def environments_page() -> str:
    names = environment_names()
    parts = [
        "# Environments side by side\n",
        "Settings whose values differ between environments. All others have the same value everywhere; "
        "[settings](settings.md) lists them with their defaults.\n",
    ]
    for directory in project_directories():
        values = {name: settings_of(directory, name) for name in names}
        rows = differing(values)
        if rows:
            parts += [f"## {directory}\n", _table(names, rows)]
    shared = {name: load_environment(name).model_dump(mode="json") for name in names}
    parts += ["## shared/environments\n", _table(names, differing(shared, leave_out=frozenset({"name"})))]
    return NOTE + "\n".join(parts)


def settings_of(directory: Path, environment: str) -> dict[str, Any]:
    """All settings of a project in one environment, as its program reads them."""
    path = REPOSITORY / directory / f"Pulumi.{environment}.yaml"
    content = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}
    prefix = f"{directory.name}:"
    own = {key.removeprefix(prefix): value for key, value in (content.get("config") or {}).items()}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in own.items()}
    settings = parse_settings(settings_model(directory), texts, at=str(path.relative_to(REPOSITORY)), error=BadInput)
    return settings.model_dump(mode="json")


def differing(values: Mapping[str, Values], leave_out: frozenset[str] = frozenset()) -> dict[str, list[Any]]:
    """Key to its values, in the order of the environments, for keys whose values differ."""
    keys = [key for key in next(iter(values.values())) if key not in leave_out]
    rows = {key: [each.get(key) for each in values.values()] for key in keys}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def _table(names: list[str], rows: Mapping[str, list[Any]]) -> str:
    shown = [(f"`{key}`", *(f"`{json.dumps(value)}`" for value in row)) for key, row in rows.items()]
    return table(("setting", *names), shown)
