"""A policy that cannot be evaluated. It is an error and never an answer: a guess could allow what AWS denies."""

from __future__ import annotations

from shared.errors import BadInput


class NotEvaluable(BadInput):
    """A malformed policy, or one with an element, operator or condition key that is unknown."""

    def __init__(self, what: str, *, at: str) -> None:
        super().__init__(
            "iam-policy-not-evaluable",
            what,
            at=at,
            hint="correct the policy; see the IAM user guide, JSON policy elements",
        )
