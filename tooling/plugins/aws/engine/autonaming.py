"""Generates names that the program does not give, in the released plug-in's form: `<logical name>-<7 hex digits>`.

The input `__defaults` records generated names, so that they stay the same from one deployment to the next. If the
program stops giving a name, a new one is generated. Names with a given prefix are generated at creation.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tooling.plugins.aws.engine.row import GeneratedName, Values

DEFAULTS = "__defaults"
RANDOM_DIGITS = 7
_RANDOM_DIGITS_AFTER_PREFIX = 26


class Mode(Enum):
    """The mode of the engine's `pulumi:autonaming`."""

    UNSET = "unset"
    PROPOSE = "propose"
    ENFORCE = "enforce"
    DISABLE = "disable"


@dataclass(frozen=True, kw_only=True)
class Request:
    """The naming part of a Check request. `seed` comes from the engine: the same for every attempt at one creation."""

    logical_name: str
    seed: bytes
    mode: Mode = Mode.UNSET
    proposed: str = ""


def checked_name(rule: GeneratedName, old: Values, new: Values, request: Request) -> tuple[str | None, str | None]:
    """The name to fill in, or the reason why there is none; both `None` if the program gives the name or the prefix."""
    if new.get(rule.input) is not None or (rule.prefix_input is not None and new.get(rule.prefix_input) is not None):
        return None, None
    if old.get(rule.input) and rule.input in old.get(DEFAULTS, []):
        return old[rule.input], None
    if request.mode is Mode.DISABLE:
        return None, f"automatic naming is disabled, and the program gives no `{rule.input}`"
    if request.mode is Mode.ENFORCE:
        name = request.proposed
    else:
        name = request.proposed or _with_digits(request)
        if rule.beginning and not name.startswith(rule.beginning):
            name = rule.beginning + name
        name = name.lower() if rule.lower_case else name
    if len(name) > rule.longest:
        return None, f"the generated name {name!r} has {len(name)} characters; AWS allows {rule.longest}"
    return name, None


def name_at_creation(rule: GeneratedName | None, inputs: Values) -> dict[str, Any]:
    """The inputs with a complete name, if the program gave only its prefix."""
    if rule is None or inputs.get(rule.input) is not None or rule.prefix_input is None:
        return dict(inputs)
    digits = uuid.uuid4().hex[:_RANDOM_DIGITS_AFTER_PREFIX]
    return {**inputs, rule.input: f"{inputs[rule.prefix_input]}{digits}"[: rule.longest]}


def _with_digits(request: Request) -> str:
    seed = request.seed or uuid.uuid4().bytes
    return f"{request.logical_name}-{hashlib.sha256(seed).hexdigest()[:RANDOM_DIGITS]}"
