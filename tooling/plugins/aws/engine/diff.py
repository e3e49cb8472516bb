"""Computes changes: compares new inputs with the last known state of the resource in AWS, path by path.

Because the comparison is with the state and not with the old inputs, `refresh` followed by `up` repairs drift. An input
that the program no longer sets is compared with its default, or with nothing; values chosen by AWS are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tooling.plugins.aws.engine.equivalence import canonical, is_blank, same
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.provider.changes import Change, ChangeKind
from tooling.plugins.provider.paths import Path, covers
from tooling.plugins.provider.wire import UNKNOWN, has_unknown


@dataclass(frozen=True, kw_only=True)
class AwsChange(Change):
    """`fixed` is the reason why the lane cannot make the change in place, `None` if it can."""

    fixed: str | None = None


def changes(row: Row, state: Values, inputs: Values, ignored: Iterable[Path] = ()) -> list[AwsChange]:
    """Every relevant difference, in the order of the row's declaration.

    Args:
        state: the last known outputs.
        inputs: the checked new inputs; values may be unknown.
        ignored: the paths in `ignore_changes`.
    """
    patterns = [*ignored, *(("tagsAll", *path[1:]) for path in ignored if path[:1] == ("tags",))]
    found: list[AwsChange] = []
    for name, spec in row.all_inputs().items():
        found += _compare(spec, (name,), state.get(name), inputs.get(name))
    if row.tagged:
        found += _compare(Input(), ("tagsAll",), state.get("tagsAll"), inputs.get("tagsAll"))
    also = row.also_replaces(state, inputs)
    return [
        replace(change, replaces=change.replaces or change.root in also)
        for change in found
        if not any(covers(pattern, change.path) for pattern in patterns)
    ]


def changed_inputs(found: Iterable[AwsChange]) -> frozenset[str]:
    """The top-level inputs that `Operations.update` has to apply; tags are applied separately."""
    return frozenset(change.root for change in found) - {"tags", "tagsAll"}


def _compare(spec: Input, path: Path, old: Any, new: Any, *, replaces: bool = False) -> Iterator[AwsChange]:
    replaces = replaces or spec.replaces
    if new == UNKNOWN:
        kind = ChangeKind.UPDATE if old is not None else ChangeKind.ADD
        yield AwsChange(path=path, kind=kind, replaces=replaces, fixed=spec.fixed)
    elif _says_nothing_new(spec, old, new):
        return
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(spec, path, old, new, replaces=replaces)
    elif isinstance(new, dict) and (isinstance(old, dict) or (old is None and spec.members is None)):
        yield from _compare_mappings(spec, path, old or {}, new, replaces=replaces)
    elif isinstance(old, dict) and new is None and spec.members is None:
        yield from _compare_mappings(spec, path, old, {}, replaces=replaces)
    elif has_unknown(new) or not same(spec, old, new):
        kind = ChangeKind.of(old, new)
        fixed = spec.fixed or (spec.stays if kind is ChangeKind.DELETE else None)
        yield AwsChange(path=path, kind=kind, replaces=replaces, fixed=fixed)


def _says_nothing_new(spec: Input, old: Any, new: Any) -> bool:
    """Chosen by AWS; or never returned by AWS and still the default; or empty on both sides."""
    if new is None and spec.computed:
        return True
    if old is None and spec.write_only and same(spec, new, spec.default):
        return True
    return is_blank(spec, old) and is_blank(spec, new)


def _compare_mappings(
    spec: Input, path: Path, old: Mapping[str, Any], new: Mapping[str, Any], *, replaces: bool
) -> Iterator[AwsChange]:
    """Compares a block by its declared members, and a map (tags, labels) key by key, where empty values count."""
    if spec.members is not None:
        for name, member in spec.members.items():
            yield from _compare(member, (*path, name), old.get(name), new.get(name), replaces=replaces)
        return
    for key in sorted({*old, *new}):
        if key not in new or key not in old or old[key] != new[key]:
            yield AwsChange(
                path=(*path, key), kind=ChangeKind.of(old.get(key), new.get(key)), replaces=replaces, fixed=spec.fixed
            )


def _compare_lists(spec: Input, path: Path, old: list[Any], new: list[Any], *, replaces: bool) -> Iterator[AwsChange]:
    if not spec.unordered:
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _compare_elements(spec, (*path, index), before, after, replaces=replaces)
        return
    gone, added = _unmatched(spec, old, new), _unmatched(spec, new, old)
    for index in sorted({*gone, *added}):
        before = old[index] if index in gone else None
        after = new[index] if index in added else None
        yield from _compare_elements(spec, (*path, index), before, after, replaces=replaces)


def _compare_elements(spec: Input, path: Path, old: Any, new: Any, *, replaces: bool) -> Iterator[AwsChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_mappings(spec, path, old, new, replaces=replaces)
    elif new == UNKNOWN or has_unknown(new) or canonical(spec, old) != canonical(spec, new):
        yield AwsChange(path=path, kind=ChangeKind.of(old, new), replaces=replaces, fixed=spec.fixed)


def _unmatched(spec: Input, items: list[Any], others: list[Any]) -> set[int]:
    """Indexes of `items` without an unused equal in `others`; an unknown item equals nothing."""
    left = [canonical(spec, other) for other in others if not has_unknown(other)]
    unmatched: set[int] = set()
    for index, item in enumerate(items):
        text = canonical(spec, item)
        if text in left and not has_unknown(item):
            left.remove(text)
        else:
            unmatched.add(index)
    return unmatched
