"""What a rule is: its function, and what a person needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shared.policies.view import ResourceView


class Level(StrEnum):
    MANDATORY = "mandatory"
    """The resource is not made or changed; a preview that meets it fails."""
    ADVISORY = "advisory"
    """A warning."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    id: str
    """kebab-case, stable: exemptions and scripts name it."""
    description: str
    """What has to hold, one sentence without a full stop."""
    source: str
    """Where the rule comes from: a page of AWS or Kubernetes, a CIS control, a decision of ours."""
    hint: str
    level: Level = Level.MANDATORY
    levels: Mapping[str, Level] = field(default_factory=dict)
    """Environment to level, where it differs."""

    def level_in(self, environment: str) -> Level:
        return self.levels.get(environment, self.level)


@dataclass(frozen=True, kw_only=True)
class Rule(Facts):
    """A rule about one resource, put before the engine acts on it."""

    types: tuple[str, ...] = ()
    """Type tokens that it is about; one that ends in `:` or `/` stands for all that begin with it. Empty: all."""
    check: Callable[[ResourceView], str | None]
    """What is wrong with the resource, or `None`."""

    def covers(self, kind: str) -> bool:
        return not self.types or any(
            kind.startswith(one) if one.endswith((":", "/")) else kind == one for one in self.types
        )


@dataclass(frozen=True, kw_only=True)
class StackRule(Facts):
    """A rule about what stands together. The engine asks it when all resources of the stack are planned or made, so
    that a preview fails before, and an `up` only after the resource was made."""

    check: Callable[[Sequence[ResourceView]], list[tuple[str, str]]]
    """URN of each resource that violates it, and what is wrong with that one."""
