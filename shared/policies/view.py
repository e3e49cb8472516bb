"""What a rule sees of a resource: the inputs that the engine is about to apply, and the resource's stack and provider.

In a preview some inputs are not known yet. `get` raises `Undecided` for them, and the rule is checked again in `up`,
when everything is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from shared.engine_marks import UNKNOWNS
from shared.narrowing import is_list, is_mapping
from shared.policies.document import Document

TIERS = {"infrastructure": 1, "platform-addons": 2, "tenants": 3}
"""Tier of each project; every other project is an application."""

APPLICATIONS = 4


class Undecided(Exception):
    """The rule needs a value that is not known yet."""


@dataclass(frozen=True, kw_only=True)
class ResourceView:
    type: str
    """Type token, e.g. `aws:ec2/vpc:Vpc`."""
    name: str
    """Logical name."""
    urn: str
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Inputs as in the engine's protocol: `camelCase`, whole numbers as `int`, secrets unwrapped. Do not print them."""
    provider: Mapping[str, Any] | None = None
    """Inputs of the resource's provider; `None` for components and providers."""
    depends_on: frozenset[str] = frozenset()
    """URNs of dependencies, by value or `depends_on`; set only for rules about a whole stack."""

    @property
    def stack(self) -> str:
        return self.urn.split("::", 1)[0].removeprefix("urn:pulumi:")

    @property
    def project(self) -> str:
        return self.urn.split("::")[1]

    @property
    def environment(self) -> str:
        return self.stack.split(".", 1)[0]

    @property
    def tier(self) -> int:
        return TIERS.get(self.project, APPLICATIONS)

    @property
    def package(self) -> str:
        return self.type.split(":", 1)[0]

    @property
    def kind(self) -> str:
        """The Kubernetes kind, e.g. `Pod` also for `PodPatch` and `PodList`."""
        kind = self.type.rsplit(":", 1)[-1]
        return kind.removesuffix("Patch").removesuffix("List") or kind

    def get(self, path: str, default: Any = None) -> Any:
        """The input at a dotted path, including nested values; `default` if it is absent.

        Raises:
            Undecided: it, or a nested value, is not known yet.
        """
        return _at(self.properties, path, default)

    def items(self, path: str) -> list[Any]:
        """The list at a dotted path; a single object becomes a list of one, an absent value an empty list. Raises as
        `get`."""
        value = self.get(path)
        return [] if value is None else value if is_list(value) else [value]

    def document(self, path: str) -> Document | None:
        """The IAM document at a dotted path, given as JSON text or as an object. Raises as `get`."""
        value = self.get(path)
        if isinstance(value, str) and value:
            try:
                value = json.loads(value)
            except json.JSONDecodeError:
                # Invalid JSON is left to AWS and the plug-in, which reject it.
                return None
        return Document(value) if is_mapping(value) else None

    def provider_get(self, path: str) -> Any:
        """As `get`, for the provider's inputs, where structured values are JSON text."""
        value: Any = self.provider or {}
        for key in path.split("."):
            if isinstance(value, str):
                refuse_unknown(value)
                value = json.loads(value)
            value = value.get(key) if is_mapping(value) else None
        refuse_unknown(value)
        return value


def refuse_unknown(value: Any) -> None:
    """Raises: Undecided."""
    if any(isinstance(leaf, str) and leaf in UNKNOWNS for leaf in _leaves(value)):
        raise Undecided


def _at(value: Any, path: str, default: Any) -> Any:
    for key in path.split("."):
        if isinstance(value, str):
            refuse_unknown(value)
        value = value.get(key) if is_mapping(value) else None
        if value is None:
            return default
    refuse_unknown(value)
    return value


def _leaves(value: Any) -> Iterator[Any]:
    if is_mapping(value):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in cast(Iterable[Any], value):
            yield from _leaves(item)
    else:
        yield value
