"""Where the stack's resources go and what they are called after: plain facts that every component needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from shared.environment import Environment
from shared.tags import standard_tags


@dataclass(frozen=True, kw_only=True)
class StackContext:
    suffix: str
    """The seeds' `environment_suffix`: ends every physical name in AWS."""
    region: str
    tags: Mapping[str, str]
    """What controllers put on the AWS resources that they make."""

    @classmethod
    def of(cls, environment: Environment) -> StackContext:
        return cls(
            suffix=environment.suffix,
            region=environment.region,
            tags=standard_tags(environment, project=pulumi.get_project()),
        )

    def named(self, name: str) -> str:
        """`name` with the environment's suffix."""
        return f"{name}-{self.suffix}"
