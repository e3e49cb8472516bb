"""The values of a tenant's file in one environment, defaults included, each with the line that sets it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.tenant_file import TenantFile
from shared.tenant_quota import SIZES
from shared.yaml_files import KeyPath
from tooling.tenants.explanation import DEFAULT, asked_by

_OF_THE_FILE = ("name", "environments")
"""Keys that differ between any two tenants, and never between two environments of one."""


@dataclass(frozen=True, kw_only=True)
class Value:
    key: str
    value: str
    """As JSON, texts without quotes."""
    set_by: str
    """Key, file and line; `default` where the file does not set it."""

    def row(self) -> dict[str, str]:
        return {"key": self.key, "value": self.value, "set_by": self.set_by}


@dataclass(frozen=True, kw_only=True)
class Difference:
    key: str
    one: str
    """Empty where it has no such key."""
    other: str

    def row(self) -> dict[str, str]:
        return {"key": self.key, "one": self.one, "other": self.other}


def values(tenant: TenantFile) -> list[Value]:
    content = tenant.model_dump(mode="json", by_alias=True)
    return [
        Value(key=".".join(map(str, path)), value=_text(value), set_by=_set_by(tenant, path))
        for path, value in _leaves(content, ())
    ]


def differences(one: TenantFile, other: TenantFile) -> list[Difference]:
    """The keys whose values differ, in the order of the file's schema."""
    ours, theirs = ({each.key: each.value for each in values(tenant)} for tenant in (one, other))
    return [
        Difference(key=key, one=ours.get(key, ""), other=theirs.get(key, ""))
        for key in dict.fromkeys([*ours, *theirs])
        if key not in _OF_THE_FILE and ours.get(key) != theirs.get(key)
    ]


def _set_by(tenant: TenantFile, path: KeyPath) -> str:
    if tenant.source.sets(path):
        return asked_by(tenant, path)
    if path[0] == "quota" and path[-1] in SIZES[tenant.size]:
        return asked_by(tenant, ("size",))
    return DEFAULT


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Lists are values: their order is that of the file."""
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _leaves(below, (*path, key))
    else:
        yield path, value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
