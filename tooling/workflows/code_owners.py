"""`.github/CODEOWNERS`: the teams that must approve changes, by path.

The platform's tiers, and everything that runs with the platform's credentials, belong to the platform team. An
application's directory belongs to the `owner` in the file of the tenant that it is deployed for. Team names are
GitHub's slugs of what the files say, in the organization that `tiers.yaml` names.
"""

from __future__ import annotations

import re

from shared.catalog import load_tenant
from shared.environment import environment_names, load_environment
from shared.naming import require_dns_label
from tooling.manifests.objects import owners_of_namespaces
from tooling.manifests.source import namespace_of, overlays, shown
from tooling.runner.graph import environment_graph
from tooling.runner.tiers_file import load_tiers

PATH = ".github/CODEOWNERS"

_HEADER = """\
# Written by `make update-workflows` from tiers.yaml, shared/environments/common.yaml and tenants/catalog; not to be
# edited. The last line that matches a path decides.
"""
_GUARDED = (".github", "shared", "tooling", "tests", "docs")
"""Directories that belong to no tier. Listed last, so that no earlier line can assign one to another team."""


def code_owners_file() -> dict[str, str]:
    """The file as path to text."""
    platform = team(load_environment(environment_names()[0]).owner)
    lines = [f"* {platform}"]
    tiers = load_tiers().tiers
    lines += [f"/{directory}/ {' '.join(owners)}" for directory, owners in sorted(_applications().items())]
    lines += [f"/{tier.directory}/ {platform}" for tier in tiers if tier.stacks != "application"]
    lines += [f"/{directory}/ {platform}" for directory in _GUARDED]
    return {PATH: _HEADER + "\n".join(lines) + "\n"}


def team(owner: str) -> str:
    """GitHub's name of a team: `@example/team-a`.

    Source: GitHub Docs, "About code owners", CODEOWNERS syntax; a team's slug is its name in lower case with hyphens.
    """
    slug = re.sub(r"[^a-z0-9_]+", "-", owner.lower()).strip("-")
    return f"@{load_tiers().github_organization}/{slug}"


def _applications() -> dict[str, list[str]]:
    """Directory of each application to its teams: one, unless its tenant differs by environment."""
    owners: dict[str, list[str]] = {}
    for environment in environment_names():
        for stack in environment_graph(environment):
            if stack.tier == "applications":
                # A directory named `*` would be a pattern that matches every application.
                require_dns_label(stack.project, what="application", at=stack.directory)
                owner = team(load_tenant(stack.tenant, environment).owner)
                owners[stack.directory] = sorted({*owners.get(stack.directory, []), owner})
    for overlay in overlays():
        tenant = owners_of_namespaces(overlay.environment).get(namespace_of(overlay))
        if tenant is not None:
            directory = shown(overlay.directory.parents[1])
            owner = team(load_tenant(tenant, overlay.environment).owner)
            owners[directory] = sorted({*owners.get(directory, []), owner})
    return owners
