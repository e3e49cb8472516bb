"""A change of an application's settings in one environment: what it changes, and the stack file with and without it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.application_settings import ApplicationSettings
from shared.errors import BadInput, nearest
from shared.settings import is_secret, is_text, parse_settings
from tooling.applications.lookup import model_of
from tooling.applications.stack_file_text import with_settings
from tooling.runner.graph import StackId
from tooling.runner.project_files import stack_file, stack_file_path
from tooling.runner.stack_settings import settings_texts
from tooling.whole_files import write_whole

IMAGE_SETTINGS = ("image_tag", "image_digest")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A stack file before and after a change."""

    path: Path
    shown: str
    """The path in the repository."""
    before: str | None
    """Its text; `None` if there is no such file yet."""
    after: str
    changes: Mapping[str, tuple[str, str]]
    """Each setting whose value differs: before and after, as the engine passes them."""

    def write(self) -> None:
        write_whole(self.path, self.after)

    def restore(self) -> None:
        if self.before is None:
            self.path.unlink(missing_ok=True)
        else:
            write_whole(self.path, self.before)


def propose(stack: StackId, values: Mapping[str, Any]) -> Proposal:
    """The stack file of `stack` with these settings; a value of `None` removes one.

    Raises:
        BadInput: `settings-invalid`, if the settings do not fit together.
    """
    model = model_of(stack)
    shown = (
        stack_file_path(stack.path, stack.stack, stack.environment) or f"{stack.directory}/Pulumi.{stack.stack}.yaml"
    )
    path = stack.path / Path(shown).name
    before = path.read_text(encoding="utf-8") if path.exists() else None
    old = settings_texts(stack)
    after = with_settings(before or "", stack.project, values)
    kept = {key: text for key, text in old.items() if key not in values}
    new = {**kept, **{key: as_text(value) for key, value in values.items() if value is not None}}
    if not any(isinstance(value, dict) and set(value) == {"secure"} for value in _config(stack).values()):
        # Only the engine can decrypt a secret value; the program checks those.
        parse_settings(model, new, at=shown, error=BadInput)
    effective = defaults(model)
    changes = {
        key: (was, now)
        for key in values
        if not same(was := old.get(key, effective.get(key, "")), now := new.get(key, effective.get(key, "")))
    }
    return Proposal(path=path, shown=shown, before=before, after=after if changes else before or after, changes=changes)


def effective_settings(stack: StackId) -> dict[str, str]:
    """Every setting of the stack without secrets, defaults included, as a release records them."""
    return {**defaults(model_of(stack)), **settings_texts(stack)}


def defaults(model: type[ApplicationSettings]) -> dict[str, str]:
    """The defaults of a model, as the engine passes them."""
    return {
        key: as_text(field.get_default(call_default_factory=True, validated_data={}))
        for key, field in model.model_fields.items()
        if not field.is_required() and field.default is not None and not is_secret(field.annotation)
    }


def same(one: str, other: str) -> bool:
    """Whether two texts are the same value: the engine writes JSON with other blanks than Python."""
    if one == other:
        return True
    try:
        return json.loads(one) == json.loads(other)
    except ValueError:
        return False


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def as_value(model: type[ApplicationSettings], key: str, text: str) -> Any:
    """The value to write into a stack file for a setting's text."""
    if is_text(model.model_fields[key].annotation):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def parse_assignments(stack: StackId, assignments: list[str]) -> dict[str, Any]:
    """`key=value` words as values for the stack file.

    Raises:
        BadInput: `assignment-invalid`, `settings-invalid` for an unknown key, `setting-of-a-release`, `setting-secret`.
    """
    model = model_of(stack)
    fields = model.model_fields
    values: dict[str, Any] = {}
    for word in assignments:
        key, separator, text = word.partition("=")
        if not separator or not key:
            raise BadInput(
                "assignment-invalid",
                f"{word!r} is not of the form key=value",
                at="KEY=VALUE",
                hint=f"tiers app configure {stack.project} replicas=3 --stack {stack.environment}",
            )
        key = key.removeprefix(f"{stack.project}:")
        if key not in fields:
            raise BadInput(
                "settings-invalid",
                f"unknown key `{key}`{nearest(key, fields)}",
                at=f"settings of {stack.project}",
                hint=f"use one of: {', '.join(name for name in fields if name not in IMAGE_SETTINGS)}",
            )
        if key in IMAGE_SETTINGS:
            raise BadInput(
                "setting-of-a-release",
                f"`{key}` says which image runs, and is set by a release",
                at="KEY=VALUE",
                hint=f"tiers app release {stack.project} {text or 'v1.2.3'} --stack {stack.environment}",
            )
        if is_secret(fields[key].annotation):
            raise BadInput(
                "setting-secret",
                f"`{key}` is a secret, which does not belong into a command line or, unencrypted, into a stack file",
                at="KEY=VALUE",
                hint="see docs/guides/secrets.md",
            )
        values[key] = as_value(model, key, text)
    return values


def of_release(stack: StackId, settings: Mapping[str, str]) -> dict[str, Any]:
    """The values that bring the stack's settings to those of a release. Settings that no longer exist are left out."""
    model = model_of(stack)
    now = effective_settings(stack)
    return {
        # An empty setting is one that the release did not have, such as a digest.
        key: as_value(model, key, text) if text else None
        for key, text in settings.items()
        if key in model.model_fields and not same(now.get(key, ""), text)
    }


def _config(stack: StackId) -> Mapping[str, Any]:
    return stack_file(stack.path, stack.stack, stack.environment).get("config") or {}


def shown_value(text: str) -> str:
    return text if text else "(empty)"


def describe(change: Mapping[str, tuple[str, str]]) -> list[str]:
    """`key: old → new` of each setting."""
    return [f"{key}: {shown_value(was)} → {shown_value(now)}" for key, (was, now) in change.items()]
