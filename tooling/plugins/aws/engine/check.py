"""Turns a program's inputs into the inputs that are deployed: validation, defaults, name, region, tags.

The engine stores the result as the resource's inputs, so that everything filled in here is visible in a preview.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.aws.engine.autonaming import DEFAULTS, Request, checked_name
from tooling.plugins.aws.engine.clients import Connection
from tooling.plugins.aws.engine.errors import not_modelled_input
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.provider.paths import Path, text
from tooling.plugins.provider.wire import UNKNOWN, has_unknown

Failure = tuple[str, str]
"""(property path, reason)."""


def checked(
    row: Row, connection: Connection, old: Values, new: Values, request: Request
) -> tuple[dict[str, Any], list[Failure]]:
    """The completed inputs, and the failures found in them."""
    stated = {key: value for key, value in new.items() if not key.startswith("__") and value is not None}
    stated.pop("tagsAll", None)
    specs = row.all_inputs()
    failures = _unknown_names(row, (), specs, stated)
    inputs = {key: _with_defaults(specs[key], value) if key in specs else value for key, value in stated.items()}
    defaulted: list[str] = []
    for key, spec in specs.items():
        if key not in inputs and spec.default is not None:
            inputs[key] = spec.default
            defaulted.append(key)
    if row.name is not None:
        name, reason = checked_name(row.name, old, stated, request)
        if reason is not None:
            failures.append((row.name.input, reason))
        if name is not None:
            inputs[row.name.input] = name
            defaulted.append(row.name.input)
    if row.regional:
        inputs.setdefault("region", connection.configuration.region)
    if row.tagged:
        inputs["tagsAll"] = _all_tags(connection, inputs.get("tags"))
    inputs[DEFAULTS] = sorted(defaulted)
    failures += _refusals((), specs, inputs)
    if not failures and not has_unknown(inputs):
        failures += row.check(inputs)
    return inputs, failures


def _all_tags(connection: Connection, tags: Any) -> Any:
    if tags == UNKNOWN:
        return UNKNOWN
    return {**connection.configuration.default_tags, **(tags or {})}


def _with_defaults(spec: Input, value: Any) -> Any:
    if spec.members is None:
        return value
    if isinstance(value, list):
        return [_with_defaults(spec, item) for item in value]
    if not isinstance(value, dict):
        return value
    filled = {
        name: _with_defaults(spec.members[name], item) if name in spec.members else item
        for name, item in value.items()
        if item is not None and name != DEFAULTS
    }
    for name, member in spec.members.items():
        if name not in filled and member.default is not None:
            filled[name] = member.default
    return filled


def _unknown_names(row: Row, path: Path, specs: Mapping[str, Input], values: Values) -> list[Failure]:
    found: list[Failure] = []
    for key, value in values.items():
        here = (*path, key)
        if key == DEFAULTS:
            continue
        if key not in specs:
            found.append((text(here), not_modelled_input(text(here), row.pulumi_name, specs)))
            continue
        members = specs[key].members
        if members is None:
            continue
        for index, block in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(block, dict):
                inside = (*here, index) if isinstance(value, list) else here
                stated = {name: item for name, item in block.items() if item is not None}
                found += _unknown_names(row, inside, members, stated)
    return found


def _refusals(path: Path, specs: Mapping[str, Input], values: Values) -> list[Failure]:
    found: list[Failure] = []
    for key, spec in specs.items():
        here, value = (*path, key), values.get(key)
        if value is None:
            if spec.required:
                found.append((text(here), f"missing required property `{text(here)}`"))
            continue
        if spec.refusal is not None and not has_unknown(value):
            reason = spec.refusal(value)
            if reason is not None:
                found.append((text(here), reason))
        if spec.members is None:
            continue
        if isinstance(value, list):
            for index, block in enumerate(value):
                if isinstance(block, dict):
                    found += _refusals((*here, index), spec.members, block)
        elif isinstance(value, dict):
            found += _refusals(here, spec.members, value)
    return found
