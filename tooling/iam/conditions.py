"""Condition operators.

A key that the request does not have makes an operator false, its negation true, and `…IfExists` true. Several values in
the policy are alternatives; for a negated operator none of them may match.

Source: IAM user guide, "IAM JSON policy elements: Condition operators", "Set operators for multivalued context keys".
"""

from __future__ import annotations

import base64
import binascii
import datetime
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from tooling.iam.errors import NotEvaluable
from tooling.iam.patterns import Values, arn_matches, equals, matches

Test = Callable[[str, str, Values, bool], bool]
"""Whether the request's value (first) passes the policy's value (second)."""

_SHAPE = re.compile(r"(?:(?P<set>ForAllValues|ForAnyValue):)?(?P<base>[A-Za-z]+?)(?P<if_exists>IfExists)?")


def _number(text: str) -> float:
    return float(text)


def _date(text: str) -> datetime.datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.datetime.fromtimestamp(float(text), datetime.UTC)
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _ordered(read: Callable[[str], float] | Callable[[str], datetime.datetime], *outcomes: int) -> Test:
    def test(given: str, wanted: str, _context: Values, _variables: bool) -> bool:
        try:
            value, limit = read(given), read(wanted)
        except ValueError:
            return False
        return ((value > limit) - (value < limit)) in outcomes  # type: ignore[operator]

    return test


def _bool(given: str, wanted: str, _context: Values, _variables: bool) -> bool:
    return given.lower() == wanted.lower()


def _binary(given: str, wanted: str, _context: Values, _variables: bool) -> bool:
    try:
        return base64.b64decode(given, validate=True) == base64.b64decode(wanted, validate=True)
    except binascii.Error:
        return False


def _ip(given: str, wanted: str, _context: Values, _variables: bool) -> bool:
    try:
        address, network = ipaddress.ip_address(given), ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False
    return address.version == network.version and address in network


def _string(given: str, wanted: str, context: Values, variables: bool) -> bool:
    return equals(given, wanted, context, variables=variables)


def _string_folded(given: str, wanted: str, context: Values, variables: bool) -> bool:
    return equals(given, wanted, context, variables=variables, fold=True)


def _string_like(given: str, wanted: str, context: Values, variables: bool) -> bool:
    return matches(given, wanted, context, variables=variables)


def _arn(given: str, wanted: str, context: Values, variables: bool) -> bool:
    return arn_matches(given, wanted, context, variables=variables)


_POSITIVE: dict[str, Test] = {
    "StringEquals": _string,
    "StringEqualsIgnoreCase": _string_folded,
    "StringLike": _string_like,
    "NumericEquals": _ordered(_number, 0),
    "NumericLessThan": _ordered(_number, -1),
    "NumericLessThanEquals": _ordered(_number, -1, 0),
    "NumericGreaterThan": _ordered(_number, 1),
    "NumericGreaterThanEquals": _ordered(_number, 1, 0),
    "DateEquals": _ordered(_date, 0),
    "DateLessThan": _ordered(_date, -1),
    "DateLessThanEquals": _ordered(_date, -1, 0),
    "DateGreaterThan": _ordered(_date, 1),
    "DateGreaterThanEquals": _ordered(_date, 1, 0),
    "Bool": _bool,
    "BinaryEquals": _binary,
    "IpAddress": _ip,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_READERS: dict[str, Callable[[str], object]] = {
    "Numeric": _number,
    "Date": _date,
    "IpAddress": lambda text: ipaddress.ip_network(text, strict=False),
    "NotIpAddress": lambda text: ipaddress.ip_network(text, strict=False),
}
OPERATORS = frozenset({*_POSITIVE, *_NEGATED, "Null"})


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One key of one operator. `operator` is without its set operator and `IfExists`."""

    operator: str
    key: str
    """In lower case: names of condition keys are not case-sensitive."""
    values: tuple[str, ...]
    over_all: bool | None = None
    """True for `ForAllValues`, False for `ForAnyValue`, None for neither."""
    if_exists: bool = False

    def holds(self, context: Values, *, variables: bool = True) -> bool:
        """Raises NotEvaluable where the key has several values and no set operator says what that means."""
        given = context.get(self.key, ())
        if self.operator == "Null":
            return any((not given) == (wanted.lower() == "true") for wanted in self.values)
        if not given:
            if self.if_exists or self.over_all is True:
                return True
            return self.over_all is None and self.operator in _NEGATED
        if self.over_all is None and len(given) > 1:
            raise NotEvaluable(
                f"{self.operator} compares one value, and {self.key} has {len(given)}: use ForAllValues or ForAnyValue",
                at=self.key,
            )
        passed = [self._passes(value, context, variables) for value in given]
        return any(passed) if self.over_all is False else all(passed)

    def _passes(self, given: str, context: Values, variables: bool) -> bool:
        test = _POSITIVE[_NEGATED.get(self.operator, self.operator)]
        return any(test(given, wanted, context, variables) for wanted in self.values) != (self.operator in _NEGATED)


def condition(operator: str, key: str, values: tuple[str, ...], *, at: str) -> Condition:
    """A condition as a policy writes it. Raises NotEvaluable: the operator is unknown, or a value not of its type."""
    shape = _SHAPE.fullmatch(operator)
    base = shape["base"] if shape else ""
    if shape is None or base not in OPERATORS or (base == "Null" and (shape["if_exists"] or shape["set"])):
        raise NotEvaluable(f"the condition operator {operator} is unknown", at=at)
    for beginning, read in _READERS.items():
        if base.startswith(beginning):
            _check(read, values, operator, at)
    if base in ("Bool", "Null") and any(value.lower() not in ("true", "false") for value in values):
        raise NotEvaluable(f"{operator} of {key} compares with something else than true and false", at=at)
    return Condition(
        operator=base,
        key=key.lower(),
        values=values,
        over_all={"ForAllValues": True, "ForAnyValue": False}.get(shape["set"] or ""),
        if_exists=bool(shape["if_exists"]),
    )


def _check(read: Callable[[str], object], values: tuple[str, ...], operator: str, at: str) -> None:
    for value in values:
        try:
            read(value)
        except ValueError:
            raise NotEvaluable(f'{operator} cannot compare with "{value}"', at=at) from None
