"""Which changed files concern which workflow: from `tiers.yaml`, in GitHub's own patterns, and matching as GitHub does.

A tier's workflow runs when something changes that its programs read. The runner reads the whole catalog to know the
graph, yet a new tenant changes nothing in the tiers above: the catalog belongs to the tier that names it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tooling.runner.graph import StackId
from tooling.runner.tiers_file import Tier, load_tiers

_EVERY_TIER = ("shared/**", "tiers.yaml", "requirements.lock", "pyproject.toml")
"""What all programs import or run with, and the graph itself."""

TOOLING = (
    "shared/**",
    "tooling/**",
    "tests/**",
    "docs/**",
    "*",  # at the root
    ".ci/**",
    ".github/**",
)
"""Of the workflow that tests everything; tiers' own directories have theirs."""


def tier_paths(tier: Tier) -> list[str]:
    own = [f"{tier.directory}/**"]
    if tier.catalog and not tier.catalog.startswith(f"{tier.directory}/"):
        own.append(f"{tier.catalog}/**")
    return [*own, *_EVERY_TIER, workflow_path(tier.name)]


def application_paths(stack: StackId) -> list[str]:
    """What changes an application: its directory, what all programs import, and its workflow."""
    return [f"{stack.directory}/**", *_EVERY_TIER, workflow_path(application_workflow_name(stack.project))]


def application_workflow_name(project: str) -> str:
    return f"application-{project}"


def workflow_path(name: str) -> str:
    return f".github/workflows/{name}.yml"


def every_filter() -> dict[str, list[str]]:
    """Name of each workflow with a path filter to its patterns, in the order of tiers."""
    tiers = {tier.name: tier_paths(tier) for tier in load_tiers().tiers}
    return {**tiers, "tooling": list(TOOLING)}


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a changed file starts a workflow with these `paths`. The last pattern that matches decides.

    Source: GitHub Docs, "Workflow syntax for GitHub Actions", filter pattern cheat sheet: `*` is all but a slash, `**`
    is all, `?` makes the character before it optional, `!` at the beginning takes back.
    """
    found = False
    for pattern in patterns:
        negated = pattern.startswith("!")
        if _regex(pattern.removeprefix("!")).fullmatch(path):
            found = not negated
    return found


def _regex(pattern: str) -> re.Pattern[str]:
    tokens: list[str] = re.findall(r"\*\*/|\*\*|\*|[?+]|\[[^\]]+\]|.", pattern)
    return re.compile("".join(map(_meaning, tokens)))


def _meaning(token: str) -> str:
    """The regular expression of one part of a pattern; a class such as `[0-9]` is one already."""
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "?", "+": "+"}
    is_class = len(token) > 1 and token.startswith("[")
    return meanings.get(token) or (token if is_class else re.escape(token))
