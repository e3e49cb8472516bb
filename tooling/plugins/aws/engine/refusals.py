"""Validation of values that AWS or the released plug-in rejects, with the reasons that a preview shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Refusal = Callable[[Any], str | None]


def between(low: int, high: int) -> Refusal:
    def refusal(value: Any) -> str | None:
        if isinstance(value, int) and low <= value <= high:
            return None
        return f"expected a whole number from {low} to {high}, got {value!r}"

    return refusal


def one_of(*allowed: Any) -> Refusal:
    def refusal(value: Any) -> str | None:
        if value in allowed:
            return None
        return f"expected one of {', '.join(map(str, allowed))}, got {value!r}"

    return refusal


def each_one_of(*allowed: Any) -> Refusal:
    single = one_of(*allowed)

    def refusal(values: Any) -> str | None:
        return next((reason for value in values if (reason := single(value)) is not None), None)

    return refusal


def not_json(value: Any) -> str | None:
    """For documents; the reason does not quote the text, since it may contain confidential values."""
    if not isinstance(value, str):
        return "expected JSON text"
    try:
        json.loads(value)
    except ValueError as error:
        return f"is not JSON: {error}"
    return None
