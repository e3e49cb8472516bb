"""Reads `exemptions.yaml`: which resource may violate which rule, why, and until when.

Standard library, PyYAML and `shared.errors` only, since the policy pack may run in another Python environment.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from shared.errors import BadInput, nearest
from shared.narrowing import is_dict, is_list
from shared.policies.view import ResourceView

FILE = Path(__file__).with_name("exemptions.yaml")
_WHERE = "shared/policies/exemptions.yaml"
_KEYS = ("rule", "stack", "resource", "reason", "until")
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Exemption:
    rule: str
    stack: str
    resource: str
    reason: str
    until: date

    def covers(self, rule: str, view: ResourceView) -> bool:
        project, _, stack = self.stack.partition("/")
        return (
            self.rule == rule
            and project == view.project
            and stack in ("*", view.stack)
            and self.resource == f"{view.type}::{view.name}"
        )


def load_exemptions(known_rules: Collection[str], *, today: date, file: Path = FILE) -> list[Exemption]:
    """Reads the file; the result includes expired exemptions.

    Raises:
        BadInput: `exemption-invalid`: an unknown rule or key, a missing reason, an end date over a year ahead.
    """
    try:
        content: object = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise _invalid("it is not YAML") from error
    entries = content.get("exemptions") if is_dict(content) else None
    if not is_list(entries):
        raise _invalid("it has no list `exemptions`")
    return [_exemption(number, entry, known_rules, today) for number, entry in enumerate(entries, start=1)]


def _exemption(number: int, entry: Any, known_rules: Collection[str], today: date) -> Exemption:
    who = f"exemption {number}"
    if not is_dict(entry):
        raise _invalid(f"{who} is not a mapping")
    for key in _KEYS:
        if not entry.get(key):
            raise _invalid(f"{who} has no `{key}`")
    for key in entry:
        if key not in _KEYS:
            raise _invalid(f"{who} has an unknown key `{key}`{nearest(str(key), _KEYS)}")
    rule, until = entry["rule"], entry["until"]
    if rule not in known_rules:
        raise _invalid(f"{who} names an unknown rule: {rule}{nearest(str(rule), known_rules)}")
    if not isinstance(until, date):
        raise _invalid(f"`until` of {who} is not a date such as 2027-01-31")
    if until > today + _LONGEST:
        raise _invalid(f"{who} lasts until {until}, more than a year ahead; change the rule instead")
    return Exemption(
        rule=str(rule),
        stack=str(entry["stack"]),
        resource=str(entry["resource"]),
        reason=str(entry["reason"]),
        until=until,
    )


def _invalid(what: str) -> BadInput:
    return BadInput("exemption-invalid", f"{_WHERE}: {what}", at=_WHERE, hint=f"edit {_WHERE}")
