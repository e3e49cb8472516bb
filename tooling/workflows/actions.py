"""The actions that the workflows use, each pinned by commit: a tag can be moved to other code, a commit cannot.

A commit is written here only if it was read from a source, named beside it. As few as will do: what a make target or
the runner's own programs can do needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Action:
    """One pinned action; `version` is the release that `commit` was tagged as where it was read."""

    name: str
    commit: str
    version: str
    source: str
    read_on: date

    @property
    def uses(self) -> str:
        return f"{self.name}@{self.commit}"


_READ = date(2026, 11, 24)
_UNNAMED = "in copies that name no repository"

CHECKOUT = Action(
    name="actions/checkout",
    commit="de0fac2e4500dabe0009e67214ff5f5447ce83dd",
    version="v6.0.2",
    source=f"astral-sh/uv, .github/workflows/test-registries.yml; the same in more than five other files, {_UNNAMED}",
    read_on=_READ,
)
CACHE = Action(
    name="actions/cache",
    commit="668228422ae6a00e4ad889ee87cd7109ec5666a7",
    version="v5.0.4",
    source=f"unverified: the same commit and version in five public files, {_UNNAMED}",
    read_on=_READ,
)
AWS_CREDENTIALS = Action(
    name="aws-actions/configure-aws-credentials",
    commit="ec61189d14ec14c8efccab744f656cffd0e33f37",
    version="v6.1.0",
    source=f"unverified: the same commit and version in six public files, {_UNNAMED}",
    read_on=_READ,
)
PULUMI = Action(
    name="pulumi/actions",
    commit="8e5e406f4007fca908480587cb9893c07090f58d",
    version="v7.0.0",
    source=f"unverified: the same commit and version in six public files, {_UNNAMED}",
    read_on=_READ,
)

ACTIONS = (CHECKOUT, CACHE, AWS_CREDENTIALS, PULUMI)
