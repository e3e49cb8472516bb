"""Where the stack's resources go and what they are called after: plain facts that every component needs."""

from __future__ import annotations

from dataclasses import dataclass

from shared.environment import Environment


@dataclass(frozen=True, kw_only=True)
class Place:
    suffix: str
    """The seeds' `environment_suffix`: ends every physical name in AWS."""
    region: str

    @classmethod
    def of(cls, environment: Environment) -> Place:
        return cls(suffix=environment.suffix, region=environment.region)

    def named(self, name: str) -> str:
        """`name` with the environment's suffix."""
        return f"{name}-{self.suffix}"
