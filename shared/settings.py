"""A project's settings: one pydantic model, read once from the stack's configuration.

The `config:` block of the project's `Pulumi.yaml` is generated from the model's descriptions and defaults (`make
update-generated`), so the engine, the program and the reference page agree. Unknown keys are refused with the nearest
known one; a secret key must be a `pulumi.Output` field and is never parsed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from shared.environment import Environment, load_environment
from shared.errors import BadInput
from shared.models import parse
from shared.program_errors import ProgramInputError, program_errors


class Settings(BaseModel):
    """Base of every project's settings: frozen, and rejects unknown keys.

    A field of type `pulumi.Output[str]` is a secret, whether or not it is encrypted in the stack file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


Model = TypeVar("Model", bound=Settings)


def load_settings(model: type[Model]) -> Model:
    """Reads the configuration of the running stack.

    Raises:
        ProgramInputError: `settings-invalid`, naming key and stack.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    prefix = f"{project}:"
    raw = {**get_config_env(), **CONFIG.get()}
    own = {key.removeprefix(prefix): value for key, value in raw.items() if key.startswith(prefix)}
    return parse_settings(model, own, at=f"Pulumi.{stack}.yaml of {project}", error=ProgramInputError)


def parse_settings(model: type[Model], texts: Mapping[str, str], *, at: str, error: type[BadInput]) -> Model:
    """Parses settings from `texts`, where each value is as the engine passes it: strings as they are, the rest as JSON.

    Raises:
        BadInput: `settings-invalid`, as `error`.
    """
    content = {key: _value(text, model.model_fields.get(key)) for key, text in texts.items()}
    return parse(model, content, at=at, code="settings-invalid", error=error)


def stack_environment(*, with_account: bool = True) -> Environment:
    """The environment of the running stack: `dev` of both `dev` and `dev.tenant-a`.

    Args:
        with_account: whether the program uses AWS; an application does not need the account.

    Raises:
        ProgramError: if the environment is unknown, has no account, or has an invalid suffix.
    """
    with program_errors():
        environment = load_environment(pulumi.get_stack().split(".", 1)[0])
        _ = environment.suffix, with_account and environment.account
        return environment


def _value(text: str, field: FieldInfo | None) -> Any:
    """Configuration values are strings: the value itself for a string field, JSON for any other.

    `1.30` for a string field must not become the number 1.3.
    """
    if field is not None and is_secret(field.annotation):
        return pulumi.Output.secret(text)
    if field is not None and is_text(field.annotation):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def is_text(annotation: Any) -> bool:
    """Whether a setting of this type is text, and so is never parsed."""
    if get_origin(annotation) is Literal:
        return all(isinstance(value, str) for value in get_args(annotation))
    return annotation is str or (get_args(annotation) != () and set(get_args(annotation)) == {str, type(None)})


def is_secret(annotation: Any) -> bool:
    """Whether a setting of this type is a secret."""
    return any(get_origin(part) is pulumi.Output for part in (annotation, *get_args(annotation)))
