"""The estimate of one environment: runs every stack's program with mocks and applies charges and prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.dry_runs import DryRun, dry_run, undeployed
from tooling.aws_types.billing import Charge
from tooling.cost.charges import bill_of
from tooling.cost.prices import Prices
from tooling.runner.graph import StackId


@dataclass(frozen=True, kw_only=True)
class Line:
    """One charge of one resource; `monthly` is `None` if it is unknown."""

    stack: str
    resource: str
    what: str
    """The billing unit, or why the cost is unknown."""
    quantity: int = 0
    monthly: Decimal | None = None
    at_most: Decimal | None = None


def estimate(stacks: Sequence[StackId], prices: Prices) -> list[Line]:
    """Runs every stack's program without AWS, engine or credentials."""
    return [
        line
        for stack in stacks
        for line in lines_of(
            str(stack), dry_run(stack.path, stack=stack.stack, upstream=undeployed(stack.project)), prices
        )
    ]


def lines_of(stack: str, run: DryRun, prices: Prices) -> list[Line]:
    resources = {resource.urn: resource for resource in run.resources}
    lines = []
    for resource in run.resources:
        name = f"{resource.type.rsplit(':', 1)[-1]} {resource.name}"
        for item in bill_of(resource, resources):
            if not isinstance(item, Charge):
                lines.append(Line(stack=stack, resource=name, what=item.why))
                continue
            price = prices.monthly(item.unit)
            if price is None:
                what = f"{item.quantity} × {item.unit}: no price in the table of {prices.region}"
                lines.append(Line(stack=stack, resource=name, what=what))
                continue
            lines.append(
                Line(
                    stack=stack,
                    resource=name,
                    what=item.unit,
                    quantity=item.quantity,
                    monthly=price * item.quantity,
                    at_most=price * item.at_most,
                )
            )
    return lines


def total(lines: Sequence[Line]) -> tuple[Decimal, Decimal]:
    """Sum of the known charges, at the desired size and at the largest."""
    return (
        sum((line.monthly for line in lines if line.monthly is not None), Decimal(0)),
        sum((line.at_most for line in lines if line.at_most is not None), Decimal(0)),
    )
