"""Tests of values without a static type, such as parsed YAML and JSON.

After `isinstance(value, dict)`, a type checker knows the class but not what it holds: every key and item has an unknown
type. These do the same test, and say that anything may be inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard


def is_dict(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
