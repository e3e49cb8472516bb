"""Region, naming and tags of the running stack, as plain values that every component needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from shared.environment import Environment
from shared.tags import standard_tags


@dataclass(frozen=True, kw_only=True)
class StackContext:
    suffix: str
    """Environment suffix: every physical name in AWS ends with it."""
    region: str
    tags: Mapping[str, str]
    """Tags that controllers set on the AWS resources they create."""

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
