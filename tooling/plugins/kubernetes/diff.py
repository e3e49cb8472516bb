"""Compares two sets of inputs field by field and decides what is replaced.

Inputs are compared with inputs: the API server writes quantities, defaults and lists in its own form, so that a
comparison with the live object would report changes that nobody made. Drift is still detected, since `refresh` writes
live values into the inputs that own them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tooling.plugins.provider.changes import Change, ChangeKind
from tooling.plugins.provider.paths import WILDCARD, Path, covers, parse
from tooling.plugins.provider.wire import UNKNOWN

_ABSENT = object()


def differences(old: Mapping[str, Any], new: Mapping[str, Any], replacing: Sequence[tuple[str, ...]]) -> list[Change]:
    """Every leaf that differs; added and deleted branches are named at their root."""
    return [
        Change(path=path, kind=kind, replaces=any(_touches(path, before, after, fixed) for fixed in replacing))
        for path, kind, before, after in _compare((), old, new)
    ]


def ignored(path: Path, ignore_changes: Sequence[str]) -> bool:
    """Whether `ignoreChanges` contains this path or a branch that holds it; `*` stands for any key."""
    return any(covers(parse(pattern), path) for pattern in ignore_changes)


def _compare(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, ChangeKind, Any, Any]]:
    if old is _ABSENT:
        yield path, ChangeKind.ADD, None, new
    elif new is _ABSENT:
        yield path, ChangeKind.DELETE, old, None
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _compare((*path, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _compare((*path, index), _item(old, index), _item(new, index))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, ChangeKind.UPDATE, old, new


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _ABSENT


def _touches(path: Path, before: Any, after: Any, fixed: tuple[str, ...]) -> bool:
    """Whether a change at `path` changes the value at `fixed`, above or below it."""
    if covers(fixed, path):
        return True
    if not covers(fixed[: len(path)], path):
        return False
    rest = fixed[len(path) :]
    return _holds(before, rest) or _holds(after, rest)


def _holds(value: Any, path: Sequence[str]) -> bool:
    if not path or value == UNKNOWN:
        return True
    if isinstance(value, list):
        return path[0] == WILDCARD and any(_holds(item, path[1:]) for item in value)
    return isinstance(value, dict) and path[0] in value and _holds(value[path[0]], path[1:])
