"""Text of policies with wildcards and policy variables, and how ARNs are compared.

A substituted value is literal: a tag `*` matches the character, not everything. A variable whose key is absent and that
has no default matches nothing.

Source: IAM user guide, "IAM policy elements: Variables and tags", "IAM JSON policy elements: Resource".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

Values = Mapping[str, tuple[str, ...]]
"""Context keys in lower case, with their values."""

_ARN_FIELDS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"(?P<key>[^,']+?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?")
_LITERALS = frozenset({"*", "?", "$"})


class _Token(NamedTuple):
    """A literal, a wildcard or a variable."""

    kind: str
    text: str
    default: str | None = None


def variables_in(text: str) -> list[str]:
    """Keys of the policy variables in a text, in lower case."""
    return [token.text for token in _tokens(text, True) if token.kind == "variable"]


def matches(value: str, pattern: str, context: Values, *, variables: bool = True, fold: bool = False) -> bool:
    """Whether a value is like a pattern with `*` and `?`. `fold` ignores case."""
    expression = _expression(_tokens(pattern, variables), context, wildcards=True)
    flags = re.DOTALL | (re.IGNORECASE if fold else 0)
    return expression is not None and re.fullmatch(expression, value, flags) is not None


def equals(value: str, text: str, context: Values, *, variables: bool = True, fold: bool = False) -> bool:
    """Whether a value is the text with its variables replaced; wildcards are literal."""
    expression = _expression(_tokens(text, variables), context, wildcards=False)
    return (
        expression is not None
        and re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None
    )


def arn_matches(arn: str, pattern: str, context: Values, *, variables: bool = True) -> bool:
    """Whether an ARN is like a pattern, field by field: only in the last one does a wildcard reach over a colon.

    A pattern with fewer than six fields is completed with `*`.
    """
    if pattern == "*":
        return True
    fields = _fields(_tokens(pattern, variables))
    values = arn.split(":", _ARN_FIELDS - 1)
    if len(values) < _ARN_FIELDS:
        return False
    fields += [[_Token("wildcard", "*")]] * (_ARN_FIELDS - len(fields))
    for value, field in zip(values, fields, strict=True):
        expression = _expression(field, context, wildcards=True)
        if expression is None or re.fullmatch(expression, value, re.DOTALL) is None:
            return False
    return True


@lru_cache(maxsize=4096)
def _tokens(text: str, variables: bool) -> tuple[_Token, ...]:
    return tuple(_tokenized(text, variables))


def _tokenized(text: str, variables: bool) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        found = _VARIABLE.match(text, position) if variables else None
        if found is not None:
            name = found[1]
            if name in _LITERALS:
                yield _Token("literal", name)
            else:
                parts = _DEFAULT.fullmatch(name)
                key = (parts["key"] if parts else name).strip().lower()
                yield _Token("variable", key, parts["default"] if parts else None)
            position = found.end()
            continue
        character = text[position]
        yield _Token("wildcard" if character in "*?" else "literal", character)
        position += 1


def _fields(tokens: Sequence[_Token]) -> list[list[_Token]]:
    fields: list[list[_Token]] = [[]]
    for token in tokens:
        if token == ("literal", ":", None) and len(fields) < _ARN_FIELDS:
            fields.append([])
        else:
            fields[-1].append(token)
    return fields


def _expression(tokens: Sequence[_Token], context: Values, *, wildcards: bool) -> str | None:
    """A regular expression; None if a variable has no value."""
    parts = []
    for token in tokens:
        if token.kind == "variable":
            values = context.get(token.text, ())
            if len(values) > 1 or (not values and token.default is None):
                return None
            parts.append(re.escape(values[0] if values else token.default or ""))
        elif token.kind == "wildcard" and wildcards:
            parts.append(".*" if token.text == "*" else ".")
        else:
            parts.append(re.escape(token.text))
    return "".join(parts)
