"""Equivalence of values: canonical forms of documents, protocols, booleans and whole inputs.

AWS returns many values in a different form than it received them: a policy in another order, a protocol by number, a
list in any order. A literal comparison would show changes that nobody made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tooling.plugins.aws.engine.row import Input

Meaning = Callable[[Any], Any]

_PROTOCOLS = {"all": "-1", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_POLICY_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource"})
_POLICY_PRINCIPALS = frozenset({"Principal", "NotPrincipal"})


def json_document(value: Any) -> Any:
    """JSON text in canonical form; other text unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def policy_document(value: Any) -> Any:
    """An IAM policy in canonical form: a single value equals a list of one, and the order of lists does not matter.

    Source: IAM user guide, "Grammar of the IAM JSON policy language".
    """
    document = json_document(value)
    if not isinstance(document, dict) or "Statement" not in document:
        return document
    statements = [_statement(statement) for statement in _listed(document["Statement"])]
    return {**document, "Statement": sorted(statements, key=_sorting_key)}


DOCUMENTS: frozenset[Meaning] = frozenset({json_document, policy_document})
"""Canonical forms whose values keep the program's wording in the state, so that a diff shows familiar text."""


def switch(value: Any) -> Any:
    """`true` and `"true"`: some booleans are text, so that an absent value differs from `false`."""
    return str(value).lower() if isinstance(value, bool | str) else value


def as_text(value: Any) -> Any:
    return value if value is None else str(value)


def ip_protocol(value: Any) -> Any:
    text = str(value).lower()
    return _PROTOCOLS.get(text, text)


def is_blank(spec: Input, value: Any) -> bool:
    """Whether a value is equivalent to leaving it out."""
    if spec.members is not None and isinstance(value, dict):
        return all(is_blank(member, value.get(name)) for name, member in spec.members.items())
    return value in (None, "", [], {}, False, 0)


def same(spec: Input, left: Any, right: Any) -> bool:
    if is_blank(spec, left) and is_blank(spec, right):
        return True
    return canonical(spec, left) == canonical(spec, right)


def canonical(spec: Input, value: Any) -> str:
    """A text that is equal for two values exactly if they are equivalent under `spec`."""
    return _sorting_key(_canonical(spec, value))


def program_form(spec: Input, live: Any, stated: Any) -> Any:
    """`live`, but with documents and the order of unordered lists as the program wrote them."""
    if isinstance(live, dict) and isinstance(stated, dict) and spec.members is not None:
        return {
            name: program_form(spec.members[name], item, stated[name])
            if name in spec.members and name in stated
            else item
            for name, item in live.items()
        }
    if isinstance(live, list) and isinstance(stated, list):
        ordered = _in_order_of(spec, live, stated) if spec.unordered else live
        if len(ordered) == len(stated):
            return [program_form(spec, item, wanted) for item, wanted in zip(ordered, stated, strict=True)]
        return ordered
    if spec.canonical_form in DOCUMENTS and same(spec, live, stated):
        return stated
    return live


def _in_order_of(spec: Input, live: list[Any], stated: list[Any]) -> list[Any]:
    wanted = [canonical(spec, item) for item in stated]
    position = {text: index for index, text in reversed(list(enumerate(wanted)))}
    return sorted(live, key=lambda item: position.get(canonical(spec, item), len(wanted)))


def _canonical(spec: Input, value: Any) -> Any:
    if isinstance(value, list):
        items = [_canonical(spec, item) for item in value]
        return sorted(items, key=_sorting_key) if spec.unordered else items
    if isinstance(value, dict) and spec.members is not None:
        members = {
            name: member.default if value.get(name) is None else value[name] for name, member in spec.members.items()
        }
        return {
            name: _canonical(spec.members[name], item)
            for name, item in members.items()
            if not is_blank(spec.members[name], item)
        }
    return spec.canonical_form(value) if value is not None else None


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    result: dict[str, Any] = {}
    for key, value in statement.items():
        if key in _POLICY_LISTS:
            result[key] = _set(value)
        elif key in _POLICY_PRINCIPALS and isinstance(value, dict):
            result[key] = {kind: _set(principals) for kind, principals in value.items()}
        elif key == "Condition" and isinstance(value, dict):
            result[key] = {
                test: {variable: _set(values) for variable, values in variables.items()}
                for test, variables in value.items()
            }
        else:
            result[key] = value
    return result


def _set(value: Any) -> list[str]:
    return sorted({switch(item) if isinstance(item, bool) else str(item) for item in _listed(value)})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sorting_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
