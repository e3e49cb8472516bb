"""A policy rule: its function and its documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shared.policies.view import ResourceView


class Level(StrEnum):
    MANDATORY = "mandatory"
    """The resource is not created or changed, and a preview fails."""
    ADVISORY = "advisory"
    """A warning."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    id: str
    """kebab-case and stable: exemptions and scripts refer to it."""
    description: str
    """The requirement, one sentence without a full stop."""
    source: str
    """Where the rule comes from: AWS or Kubernetes documentation, a CIS control, a decision record."""
    hint: str
    level: Level = Level.MANDATORY
    levels: Mapping[str, Level] = field(default_factory=dict[str, Level])
    """Levels by environment, if they differ."""

    def level_in(self, environment: str) -> Level:
        return self.levels.get(environment, self.level)


@dataclass(frozen=True, kw_only=True)
class Rule(Facts):
    """A rule about one resource, checked before the engine acts on it."""

    types: tuple[str, ...] = ()
    """Type tokens that it applies to; one that ends in `:` or `/` is a prefix. Empty: all types."""
    check: Callable[[ResourceView], str | None]
    """Returns what is wrong with the resource, or `None`."""

    def covers(self, kind: str) -> bool:
        return not self.types or any(
            kind.startswith(one) if one.endswith((":", "/")) else kind == one for one in self.types
        )


@dataclass(frozen=True, kw_only=True)
class StackRule(Facts):
    """A rule about several resources of a stack. The engine checks it once all resources are planned or created, so a
    preview fails before anything changes, but an `up` only afterwards."""

    check: Callable[[Sequence[ResourceView]], list[tuple[str, str]]]
    """Returns the URN of each violating resource and what is wrong with it."""
