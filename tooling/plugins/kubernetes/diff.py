"""Compares two sets of inputs field by field and decides what is replaced.

Inputs are compared with inputs: the API server spells quantities, defaults and lists its own way, so that a comparison
with the live object would find changes that nobody made. Drift is seen all the same, since `refresh` writes live values
into the inputs that own them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tooling.plugins.kubernetes.immutable import ANY_ITEM
from tooling.plugins.property_changes import ChangeKind
from tooling.plugins.wire import UNKNOWN

Key = str | int
Location = tuple[Key, ...]


@dataclass(frozen=True)
class Difference:
    location: Location
    change: ChangeKind
    replaces: bool

    @property
    def path(self) -> str:
        return property_path(self.location)


_ABSENT = object()


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], replacing: Sequence[tuple[str, ...]]
) -> list[Difference]:
    """Every leaf that differs; added and deleted branches are named at their root."""
    return [
        Difference(location, change, any(_touches(location, before, after, path) for path in replacing))
        for location, change, before, after in _compare((), old, new)
    ]


def ignored(location: Location, ignore_changes: Sequence[str]) -> bool:
    """Whether `ignoreChanges` names this place or a branch that holds it; `*` stands for any key."""
    return any(_is_prefix(parse_property_path(path), location) for path in ignore_changes)


def property_path(location: Location) -> str:
    """`spec.ports[0].port`, `metadata.labels["app.kubernetes.io/name"]`."""
    text = ""
    for key in location:
        if isinstance(key, int):
            text += f"[{key}]"
        elif any(character in key for character in '."[]'):
            escaped = key.replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{key}" if text else key
    return text


def parse_property_path(path: str) -> Location:
    """The reverse of `property_path`; `*` is kept as it is."""
    location: list[Key] = []
    rest = path
    while rest:
        if rest.startswith('["'):
            key, _, rest = rest[2:].partition('"]')
            location.append(key.replace('\\"', '"'))
        elif rest.startswith("["):
            key, _, rest = rest[1:].partition("]")
            location.append(int(key) if key.isdigit() else key)
        else:
            rest = rest.removeprefix(".")
            end = min((index for index in (rest.find("."), rest.find("[")) if index >= 0), default=len(rest))
            location.append(rest[:end])
            rest = rest[end:]
    return tuple(location)


def _compare(location: Location, old: Any, new: Any) -> Iterator[tuple[Location, ChangeKind, Any, Any]]:
    if old is _ABSENT:
        yield location, ChangeKind.ADD, None, new
    elif new is _ABSENT:
        yield location, ChangeKind.DELETE, old, None
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _compare((*location, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _compare((*location, index), _item(old, index), _item(new, index))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield location, ChangeKind.UPDATE, old, new


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _ABSENT


def _touches(location: Location, before: Any, after: Any, path: tuple[str, ...]) -> bool:
    """Whether a change at `location` changes what lies at `path`, above or below it."""
    if _is_prefix(path, location):
        return True
    if not _is_prefix(location, path):
        return False
    rest = path[len(location) :]
    return _holds(before, rest) or _holds(after, rest)


def _is_prefix(short: Sequence[Key], long: Sequence[Key]) -> bool:
    return len(short) <= len(long) and all(
        mine in (theirs, ANY_ITEM) or theirs == ANY_ITEM for mine, theirs in zip(short, long, strict=False)
    )


def _holds(value: Any, path: Sequence[str]) -> bool:
    if not path or value == UNKNOWN:
        return True
    if isinstance(value, list):
        return path[0] == ANY_ITEM and any(_holds(item, path[1:]) for item in value)
    return isinstance(value, dict) and path[0] in value and _holds(value[path[0]], path[1:])
