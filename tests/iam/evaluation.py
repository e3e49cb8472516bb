"""Evaluates IAM documents as far as the platform's go: enough to say what a role reaches, and honest about the rest.

An action is allowed if the role's own policies and its permissions boundary allow it and none denies it. An operator or
element that is not modelled is an error, never a refusal. Not modelled: session and service control policies, and
policies of resources, which can only add what no document of the platform adds.

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Statement = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Request:
    action: str
    resource: str = ""
    """Empty for a trust policy, which is on the role itself."""
    context: Mapping[str, str] = field(default_factory=dict)
    principal: tuple[str, str] | None = None
    """Kind and ARN of the caller, for a trust policy: `("Federated", "arn:…")`."""


def allows(statements: Iterable[Statement], request: Request) -> bool:
    """Whether one document allows the request."""
    matching = [statement for statement in statements if _matches(statement, request)]
    return any(one["Effect"] == "Allow" for one in matching) and not any(one["Effect"] == "Deny" for one in matching)


def reaches(policies: Sequence[Statement], boundary: Sequence[Statement], request: Request) -> bool:
    """Whether a role with these policies and this boundary may do it."""
    return allows(policies, request) and allows(boundary, request)


_KNOWN = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}


def _matches(statement: Statement, request: Request) -> bool:
    if unknown := statement.keys() - _KNOWN:
        raise NotImplementedError(f"elements {sorted(unknown)}")
    if not any(_like(request.action, pattern, fold=True) for pattern in _listed(statement["Action"])):
        return False
    if "Resource" in statement and not any(_like(request.resource, one) for one in _listed(statement["Resource"])):
        return False
    if "Principal" in statement and not _is_principal(statement["Principal"], request.principal):
        return False
    return all(
        _holds(operator, key, _listed(wanted), request.context)
        for operator, tests in statement.get("Condition", {}).items()
        for key, wanted in tests.items()
    )


def _is_principal(principal: Any, caller: tuple[str, str] | None) -> bool:
    if principal == "*":
        return caller is not None
    if caller is None:
        return False
    kind, arn = caller
    names = _listed(principal.get(kind, []))
    account = arn.split(":")[4] if kind == "AWS" else ""
    # An account in a trust policy is everybody in it whose own policies allow the action.
    return arn in names or any(name.endswith(f"::{account}:root") for name in names if account)


def _holds(operator: str, key: str, wanted: Sequence[str], context: Mapping[str, str]) -> bool:
    given = context.get(key)
    if operator == "Null":
        return all((given is None) == (one == "true") for one in wanted)
    if given is None:
        return False
    if operator == "StringEquals":
        return given in wanted
    if operator in ("StringLike", "ArnLike", "ArnEquals"):
        return any(_like(given, one) for one in wanted)
    if operator == "Bool":
        return given.lower() in (one.lower() for one in wanted)
    raise NotImplementedError(f"operator {operator}")


def _like(value: str, pattern: str, *, fold: bool = False) -> bool:
    expression = "".join(".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.fullmatch(expression, value, re.IGNORECASE | re.DOTALL if fold else re.DOTALL) is not None


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
