"""YAML text of manifests: always the same for the same content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

_FIRST = ("apiVersion", "kind", "metadata", "name", "namespace")
"""Keys that readers look for first; the others follow in alphabetical order."""
_WIDTH = 118


def yaml_text(content: Any) -> str:
    return yaml.safe_dump(_ordered(content), sort_keys=False, width=_WIDTH, allow_unicode=True)


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        first = [key for key in _FIRST if key in value]
        return {key: _ordered(value[key]) for key in [*first, *sorted(set(value) - set(first))]}
    return [_ordered(item) for item in value] if isinstance(value, list) else value
