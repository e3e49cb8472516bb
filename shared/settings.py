"""A project's settings: one pydantic model, read once from the stack's configuration.

The model's descriptions and defaults also make the `config:` block of the project's `Pulumi.yaml` (`make
update-settings`), so the engine, the program and the reference page tell one story. Unknown keys are refused with the
nearest known one; a secret key must be a `pulumi.Output` field and is never parsed here.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import BaseModel, ConfigDict

from shared.environment import Environment, load_environment
from shared.models import parse
from shared.program_errors import ProgramInputError


class Settings(BaseModel):
    """Base of every project's settings: frozen, and no key is accepted that no field declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Settings)


def load_settings(model: type[Model]) -> Model:
    """Reads the configuration of the running stack.

    Raises:
        ProgramInputError: `settings-invalid`, naming key and stack.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    prefix = f"{project}:"
    raw = {**get_config_env(), **CONFIG.get()}
    own = {key.removeprefix(prefix): _plain(value) for key, value in raw.items() if key.startswith(prefix)}
    return parse(
        model, own, where=f"Pulumi.{stack}.yaml of {project}", code="settings-invalid", error=ProgramInputError
    )


def stack_environment() -> Environment:
    """The environment of the running stack: `dev` of both `dev` and `dev.tenant-a`."""
    return load_environment(pulumi.get_stack().split(".", 1)[0])


def _plain(value: str) -> Any:
    """Configuration arrives as text; structured values and numbers as JSON, anything else as it was written."""
    try:
        return json.loads(value)
    except ValueError:
        return value
