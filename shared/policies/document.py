"""Reads an IAM document into statements; elements that may be one value or a list are always lists.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.narrowing import is_list, is_mapping


@dataclass(frozen=True)
class ReadStatement:
    content: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        return self.content.get("Effect") == "Allow"

    @property
    def sid(self) -> str:
        return str(self.content.get("Sid") or "without a Sid")

    @property
    def actions(self) -> list[str]:
        return _many(self.content.get("Action"))

    @property
    def resources(self) -> list[str]:
        return _many(self.content.get("Resource"))

    @property
    def conditions(self) -> Mapping[str, Mapping[str, Any]]:
        return self.content.get("Condition") or {}

    @property
    def principals(self) -> dict[str, list[str]]:
        """By kind: `AWS`, `Service`, `Federated`; the principal `*` is `{"AWS": ["*"]}` too."""
        principal = self.content.get("Principal")
        if is_mapping(principal):
            return {str(kind): _many(names) for kind, names in principal.items()}
        return {"AWS": _many(principal)} if principal else {}

    def compared(self, test: str) -> dict[str, list[str]]:
        """Maps condition keys, in lower case as IAM compares them, to the values of the operator `test`."""
        found: dict[str, list[str]] = {}
        for name, values in self.conditions.items():
            if name.lower() == test.lower():
                found |= {key.lower(): _many(value) for key, value in values.items()}
        return found


@dataclass(frozen=True)
class Document:
    content: Mapping[str, Any]

    @property
    def statements(self) -> list[ReadStatement]:
        found = self.content.get("Statement")
        found = found if is_list(found) else [found]
        return [ReadStatement(statement) for statement in found if is_mapping(statement)]

    @property
    def allowing(self) -> list[ReadStatement]:
        return [statement for statement in self.statements if statement.allows]


def _many(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if is_list(value) else [str(value)]
