"""Exceptions that a tenant's file grants for a limited time, each with a written reason.

An exception that has ended has no effect, and is no error: one forgotten date must not stop the deployment of every
tenant.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.tenant_quota import Part


def today() -> datetime.date:
    """In UTC, so that a date ends at the same moment for everybody."""
    return datetime.datetime.now(datetime.UTC).date()


def _reason(value: str) -> str:
    if not value.isprintable() or len(value.split()) < _LEAST_WORDS:
        raise ValueError("write the reason as a sentence, on one line")
    return value


_LEAST_WORDS = 3
Reason = Annotated[str, AfterValidator(_reason)]


class Pause(Part):
    """Nothing is applied to the tenant until the day after `until`."""

    reason: Reason = Field(max_length=500, description="Why, as a sentence; each run prints it.")
    until: datetime.date = Field(description="Last day of the pause, such as 2027-01-31, in UTC.")

    @property
    def holds(self) -> bool:
        return today() <= self.until


class PodSecurityException(Part):
    """A namespace with Pod Security level `baseline` until the day after `until`; `restricted` from then on."""

    level: Literal["baseline"] = Field(description="Level that the API server enforces; it warns of `restricted`.")
    reason: Reason = Field(max_length=500, description="Why, as a sentence; an annotation of the namespace.")
    until: datetime.date = Field(description="Last day of the exception, such as 2027-01-31, in UTC.")

    @property
    def holds(self) -> bool:
        return today() <= self.until
