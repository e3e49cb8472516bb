"""Refuses a component's arguments where the caller's line is still on the stack: one error for each way to be wrong."""

from __future__ import annotations

from shared.naming import is_dns_label
from shared.program_errors import ProgramInputError
from shared.quantities import quantity_value


def require_name(name: str, *, longest: int, component: str) -> None:
    """Raises `name-invalid` unless `name` is a DNS label of at most `longest` characters."""
    if len(name) > longest or not is_dns_label(name):
        raise ProgramInputError(
            "name-invalid",
            f"the name {name!r} is not a DNS label: lower-case letters, digits and hyphens, at most {longest}",
            at=f"{component} {name!r}",
            hint="choose another name",
        )


def require_quantity(argument: str, value: str) -> None:
    """Raises `argument-invalid` unless `value` is a Kubernetes quantity."""
    try:
        quantity_value(value)
    except ValueError as failure:
        raise invalid(f"{argument}: {failure}", hint=f"correct {argument}") from failure


def invalid(what: str, *, hint: str) -> ProgramInputError:
    return ProgramInputError("argument-invalid", what, at="", hint=hint)


def conflict(what: str, *, at: str, hint: str) -> ProgramInputError:
    """Two arguments that exclude each other; `what` names both."""
    return ProgramInputError("arguments-conflict", what, at=at, hint=hint)
