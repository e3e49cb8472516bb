"""An attempt to cross a boundary between tenants, as a row of data, and which mechanism refused it.

A test records each attempt in the `ledger`, from which the report is written, and asserts that the mechanism that must
refuse it did: a denial for another reason would hide that the guardrail is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pytest

PROPERTY, MUTATION = "attack", "mutation"
"""Names of properties in pytest's reports, through which the workers of a run hand over attempts and mutations."""

_MECHANISMS = (
    (r"ValidatingAdmissionPolicy '([^']+)'", "admission policy {}"),
    (r"violates PodSecurity \"restricted:", "Pod Security restricted"),
    (r"exceeded quota: ([a-z-]+)", "quota {}"),
    (
        r"(?:maximum|minimum) \S+ usage per|must be less than or equal to (?:cpu|memory|ephemeral-storage) limit",
        "limits",
    ),
    (r"attempting to grant RBAC permissions not currently held", "RBAC escalation"),
    (r"User \"[^\"]*\" cannot ", "RBAC"),
)
"""What a message of the API server says, and the mechanism that says it."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    area: str
    """Part of the report, such as `Kubernetes API`."""
    name: str
    """Unique within the area and actor."""
    source: str
    """Where the attack comes from: a benchmark's number, a CVE, a published finding."""
    actor: str
    """As whom it was tried."""
    proof: str
    """What shows that it is an attack: where the same request succeeds."""
    mechanism: str
    """What must refuse it; `a or b` where two do, and either may come first."""
    control: str = ""
    """What is allowed beside it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    attempt: Attempt
    refused_by: str
    """Empty if it was not refused."""
    answer: str
    """Shortened answer of what refused it."""

    @property
    def expected(self) -> bool:
        return self.refused_by in self.attempt.mechanism.split(" or ")

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self.attempt), "refused_by": self.refused_by, "answer": self.answer, "expected": self.expected}

    @classmethod
    def of_dict(cls, values: dict[str, Any]) -> Outcome:
        attempt = Attempt(**{name: values[name] for name in Attempt.__dataclass_fields__})
        return cls(attempt=attempt, refused_by=values["refused_by"], answer=values["answer"])


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """What gets through while one guardrail is taken out: with nothing, nobody would notice that it is gone."""

    guardrail: str
    through: tuple[str, ...]

    @property
    def caught(self) -> bool:
        return bool(self.through)

    def to_dict(self) -> dict[str, Any]:
        return {"guardrail": self.guardrail, "through": list(self.through)}

    @classmethod
    def of_dict(cls, values: dict[str, Any]) -> Mutation:
        return cls(guardrail=values["guardrail"], through=tuple(values["through"]))


def mechanism_of(status: int, message: str) -> str:
    """The mechanism that refused a request to the API server; empty if it was carried out."""
    if status < 300:
        return ""
    if status == 401:
        return "authentication"
    if status in (403, 422):
        for pattern, name in _MECHANISMS:
            found = re.search(pattern, message)
            if found is not None:
                return name.format(*found.groups())
    return f"status {status}"


class Ledger:
    """Keeps what a test tries beside its result."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def mutated(self, guardrail: str, through: Iterable[str]) -> None:
        """Without the guardrail, these attacks get through."""
        self._item.user_properties.append((MUTATION, Mutation(guardrail=guardrail, through=tuple(through)).to_dict()))

    def record(self, attempt: Attempt, refused_by: str, answer: str = "") -> Outcome:
        outcome = Outcome(attempt=attempt, refused_by=refused_by, answer=_shortened(answer))
        self._item.user_properties.append((PROPERTY, outcome.to_dict()))
        return outcome


def _shortened(text: str, limit: int = 400) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}…"
