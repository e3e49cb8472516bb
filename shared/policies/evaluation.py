"""Checks a resource or a whole stack against the rule table and applies the exemptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.policies.exemptions import Exemption, load_exemptions
from shared.policies.rule import Facts, Level, Rule, StackRule
from shared.policies.table import BY_ID, RULES, STACK_RULES
from shared.policies.view import ResourceView, Undecided


@dataclass(frozen=True, kw_only=True)
class Violation:
    rule: Facts
    urn: str
    what: str
    level: Level

    @property
    def message(self) -> str:
        """The problem and how to fix it; shown next to the rule and the resource."""
        return f"{self.what}\nhint: {self.rule.hint}"


class Policies:
    """The rule table with the exemptions valid today."""

    def __init__(self, exemptions: Sequence[Exemption], *, today: date) -> None:
        self._exemptions = exemptions
        self._today = today

    @classmethod
    def load(cls) -> Policies:
        """Loads the exemptions of the repository. Raises: BadInput `exemption-invalid`."""
        today = datetime.now(UTC).date()
        return cls(load_exemptions(BY_ID, today=today), today=today)

    def of_resource(self, view: ResourceView) -> list[Violation]:
        """Violations of one resource; rules that need unknown values are deferred to `up`."""
        return [violation for rule in RULES if (violation := self.of_rule(rule, view))]

    def of_rule(self, rule: Rule, view: ResourceView) -> Violation | None:
        if not rule.covers(view.type):
            return None
        try:
            what = rule.check(view)
        except Undecided:
            return None
        return self._violation(rule, view, what) if what else None

    def of_stack(self, views: Sequence[ResourceView]) -> list[Violation]:
        """Violations of the rules about a whole stack."""
        return [violation for rule in STACK_RULES for violation in self.of_stack_rule(rule, views)]

    def of_stack_rule(self, rule: StackRule, views: Sequence[ResourceView]) -> list[Violation]:
        by_urn = {view.urn: view for view in views}
        found = (self._violation(rule, by_urn[urn], what) for urn, what in rule.check(views))
        return [violation for violation in found if violation]

    def _violation(self, rule: Facts, view: ResourceView, what: str) -> Violation | None:
        for exemption in self._exemptions:
            if exemption.covers(rule.id, view):
                if exemption.until >= self._today:
                    return None
                what = f"{what} (its exemption ended on {exemption.until})"
        return Violation(rule=rule, urn=view.urn, what=what, level=rule.level_in(view.environment))
