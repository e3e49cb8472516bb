"""How a resource is billed. Source: the pricing page of each service.

A charge is a quantity of a unit; units with a price are in `tooling/cost/prices/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.dry_runs import Registered

Resources = Mapping[str, "Registered"]
"""By URN."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A charge for existing. `quantity`: at the desired size; `at_most`: at the largest size that scaling allows."""

    unit: str
    quantity: int
    at_most: int


@dataclass(frozen=True, kw_only=True)
class NotKnown:
    """A charge that cannot be predicted from the program."""

    why: str


Bill = list[Charge | NotKnown]
Billing = Callable[["Registered", Resources], Bill]


def free(_: Registered, __: Resources) -> Bill:
    """No charge of its own; what it configures has its own row."""
    return []


def always(unit: str, used_for: str = "") -> Billing:
    """One `unit` for existing, and an unknown charge for its use."""

    def bill(_: Registered, __: Resources) -> Bill:
        one: Bill = [Charge(unit=unit, quantity=1, at_most=1)]
        return [*one, NotKnown(why=used_for)] if used_for else one

    return bill


def used(what: str) -> Billing:
    """An unknown charge for its use only."""
    return lambda _, __: [NotKnown(why=what)]
