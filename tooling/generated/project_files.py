"""The `config:` block of every `Pulumi.yaml`, generated from the settings model, as errors and pages are."""

from __future__ import annotations

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from shared.dry_runs import load_module
from shared.settings import Settings
from tooling.paths import REPOSITORY

_HEADER = "# `config` is generated from settings.py: make update-generated\n"


def project_directories() -> list[Path]:
    """Every directory with a `Pulumi.yaml`, relative to the repository."""
    found = [*REPOSITORY.glob("*/Pulumi.yaml"), *REPOSITORY.glob("applications/*/Pulumi.yaml")]
    return sorted(path.parent.relative_to(REPOSITORY) for path in found)


def project_files() -> dict[str, str]:
    """Path of each `Pulumi.yaml` to its content with a regenerated `config` block."""
    files = {}
    for directory in project_directories():
        path = directory / "Pulumi.yaml"
        project: dict[str, Any] = yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8"))
        kept = {key: value for key, value in (project.get("config") or {}).items() if key.startswith("pulumi:")}
        project["config"] = kept | {
            name: declaration
            for name, field in settings_model(directory).model_fields.items()
            if (declaration := config_declaration(field)) is not None
        }
        files[str(path)] = _HEADER + yaml.safe_dump(project, sort_keys=False, width=110, allow_unicode=True)
    return files


def settings_model(directory: Path) -> type[Settings]:
    """The project's settings class: `InfrastructureSettings` of `infrastructure/settings.py`."""
    module = load_module(REPOSITORY / directory, "settings")
    wanted = "".join(part.capitalize() for part in directory.name.split("-")) + "Settings"
    return getattr(module, wanted)


def config_declaration(field: FieldInfo) -> dict[str, Any] | None:
    """A field in the engine's project schema; `None` if its value cannot be declared there."""
    if field.default is None:
        return None
    declaration: dict[str, Any] = _type(field.annotation)
    if field.description:
        declaration["description"] = field.description
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is not PydanticUndefined:
        declaration["default"] = _plain(default)
    return declaration


def _type(annotation: Any) -> dict[str, Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is Literal:
        return _type(type(arguments[0]))
    if origin in (Union, UnionType):
        return _type(next(argument for argument in arguments if argument is not type(None)))
    if origin in (list, tuple):
        return {"type": "array", "items": _type(arguments[0])}
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return {"type": "object"}
    return {"type": {str: "string", bool: "boolean", int: "integer"}[annotation]}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value
