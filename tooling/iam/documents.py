"""Policy documents, parsed and checked: anything that this package does not know is an error.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tooling.iam.conditions import Condition, condition
from tooling.iam.errors import NotEvaluable

_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_STATEMENT = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
_PRINCIPALS = frozenset({"AWS", "Federated", "Service", "CanonicalUser"})
_WITH_VARIABLES = "2012-10-17"
_VERSIONS = frozenset({_WITH_VARIABLES, "2008-10-17"})
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


class PolicyType(StrEnum):
    """As AWS names it in its refusals."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    """Of a bucket, key, secret or repository, and the trust policy of a role."""
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """`actions`, `resources` and `principals` are the `Not…` element's where the flag beside it says so."""

    name: str
    """Its `Sid`, else its place in the document: `#1`."""
    allows: bool
    actions: tuple[str, ...]
    all_but_actions: bool
    resources: tuple[str, ...] | None
    """None in policies that belong to one resource and do not name it, such as trust policies."""
    all_but_resources: bool
    principals: Mapping[str, tuple[str, ...]] | None
    """None in policies that belong to an identity."""
    all_but_principals: bool
    conditions: tuple[Condition, ...]
    variables: bool
    """Whether `${…}` is a policy variable, which the document's version decides."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A document with its name, which is what people look for: an ARN, or `inline policy NAME of ROLE`."""

    name: str
    type: PolicyType
    statements: tuple[Statement, ...]


def policy(document: str | Mapping[str, Any], policy_type: PolicyType, name: str) -> Policy:
    """A policy from its JSON. Raises NotEvaluable."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise NotEvaluable(f"the policy is not JSON: {error}", at=name) from None
    if not isinstance(document, Mapping):
        raise NotEvaluable("the policy is not a JSON object", at=name)
    _only(document, _DOCUMENT, name)
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise NotEvaluable(f"the version {version} of the policy language is unknown", at=name)
    written = document.get("Statement")
    statements = [one for one in (written if isinstance(written, list) else [written]) if isinstance(one, Mapping)]
    if not statements or (isinstance(written, list) and len(statements) < len(written)):
        raise NotEvaluable("the policy has no statements, or one that is no JSON object", at=name)
    return Policy(
        name=name,
        type=policy_type,
        statements=tuple(
            _statement(one, policy_type, version == _WITH_VARIABLES, f"#{index}", name)
            for index, one in enumerate(statements, start=1)
        ),
    )


def _statement(
    written: Mapping[str, Any], policy_type: PolicyType, variables: bool, place: str, policy: str
) -> Statement:
    name = str(written.get("Sid") or place)
    at = f"{policy}, statement {name}"
    _only(written, _STATEMENT, at)
    if written.get("Effect") not in ("Allow", "Deny"):
        raise NotEvaluable("a statement's Effect is Allow or Deny", at=at)
    actions, all_but_actions = _either(written, "Action", at)
    if actions is None:
        raise NotEvaluable("a statement has neither Action nor NotAction", at=at)
    for action in actions:
        if _ACTION.fullmatch(action) is None:
            raise NotEvaluable(f'"{action}" is not an action, such as s3:GetObject', at=at)
    resources, all_but_resources = _either(written, "Resource", at)
    for resource in resources or ():
        if resource != "*" and not resource.startswith("arn:"):
            raise NotEvaluable(f'"{resource}" is neither an ARN nor *', at=at)
    principals, all_but_principals = _principals(written, at)
    of_resource = policy_type is PolicyType.RESOURCE
    if (principals is None) == of_resource:
        raise NotEvaluable(f"a {policy_type} {'needs a' if of_resource else 'has no'} Principal", at=at)
    if resources is None and not of_resource:
        raise NotEvaluable(f"a statement of a {policy_type} needs a Resource or NotResource", at=at)
    return Statement(
        name=name,
        allows=written["Effect"] == "Allow",
        actions=actions,
        all_but_actions=all_but_actions,
        resources=resources,
        all_but_resources=all_but_resources,
        principals=principals,
        all_but_principals=all_but_principals,
        conditions=tuple(_conditions(written.get("Condition", {}), at)),
        variables=variables,
    )


def _conditions(written: Any, at: str) -> Iterator[Condition]:
    if not isinstance(written, Mapping) or not all(isinstance(tests, Mapping) for tests in written.values()):
        raise NotEvaluable("Condition is not a table of operators, keys and values", at=at)
    for operator, tests in written.items():
        for key, values in tests.items():
            yield condition(operator, key, _texts(values, f"condition {key}", at), at=at)


def _principals(written: Mapping[str, Any], at: str) -> tuple[Mapping[str, tuple[str, ...]] | None, bool]:
    if "Principal" in written and "NotPrincipal" in written:
        raise NotEvaluable("a statement has both Principal and NotPrincipal", at=at)
    negated = "NotPrincipal" in written
    found = written.get("NotPrincipal" if negated else "Principal")
    if found is None:
        return None, False
    if found == "*":
        return {"AWS": ("*",)}, negated
    if not isinstance(found, Mapping) or not found or not found.keys() <= _PRINCIPALS:
        raise NotEvaluable(f"a principal is *, or a table of {', '.join(sorted(_PRINCIPALS))}", at=at)
    principals = {kind: _texts(names, "Principal", at) for kind, names in found.items()}
    for kind, names in principals.items():
        for name in names:
            if "*" in name and (kind != "AWS" or name != "*"):
                raise NotEvaluable(f'the principal "{name}" has a wildcard, which is no principal', at=at)
    return principals, negated


def _either(written: Mapping[str, Any], element: str, at: str) -> tuple[tuple[str, ...] | None, bool]:
    """The values of an element or of its `Not…` twin, and whether it is the twin."""
    twin = f"Not{element}"
    if element in written and twin in written:
        raise NotEvaluable(f"a statement has both {element} and {twin}", at=at)
    if element not in written and twin not in written:
        return None, False
    negated = twin in written
    return _texts(written[twin if negated else element], element, at), negated


def _texts(value: Any, element: str, at: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str | bool | int | float) for one in values):
        raise NotEvaluable(f"{element} is not a text or a list of texts", at=at)
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def _only(written: Mapping[str, Any], known: frozenset[str], at: str) -> None:
    if unknown := sorted(written.keys() - known):
        raise NotEvaluable(f"the element {', '.join(unknown)} is unknown", at=at)
