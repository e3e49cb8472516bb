"""Changes of properties, as the plug-ins find them and as the engine's protocol reports them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tooling.plugins.provider.paths import Path, text
from tooling.plugins.provider.protocol import provider_pb2


class ChangeKind(Enum):
    """Members have the names of the engine's `PropertyDiff.Kind`."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"

    @classmethod
    def of(cls, old: Any, new: Any) -> ChangeKind:
        """The kind of a change from `old` to `new`, of which `None` is absent."""
        if old is None:
            return cls.ADD
        return cls.DELETE if new is None else cls.UPDATE


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference. `path` refers to the new inputs, for `DELETE` to the old values."""

    path: Path
    kind: ChangeKind
    replaces: bool = False

    @property
    def root(self) -> str:
        """The top-level property that the change lies in."""
        return str(self.path[0])


def diff_response(
    found: Sequence[Change], *, replaces: Iterable[str], input_diff: bool, delete_before_replace: bool
) -> provider_pb2.DiffResponse:
    """
    Args:
        replaces: the properties whose change replaces the resource, in the released plug-in's spelling.
        input_diff: whether the paths refer to inputs, not to outputs.
    """
    return provider_pb2.DiffResponse(
        changes=some(found),
        diffs=sorted({change.root for change in found}),
        replaces=replaces,
        deleteBeforeReplace=delete_before_replace,
        detailedDiff={text(change.path): _property_diff(change, input_diff=input_diff) for change in found},
        hasDetailedDiff=True,
    )


def some(found: object) -> provider_pb2.DiffResponse.DiffChanges.ValueType:
    return provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE


def _property_diff(change: Change, *, input_diff: bool) -> provider_pb2.PropertyDiff:
    name = f"{change.kind.name}_REPLACE" if change.replaces else change.kind.name
    return provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(name), inputDiff=input_diff)
