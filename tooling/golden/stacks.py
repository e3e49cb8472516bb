"""Which stacks have a golden file, and where: `<project>/tests/golden/<stack>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.catalog import tenant_names
from shared.dry_runs import dry_run
from tooling.golden.graph import Graph, as_text, graph_of
from tooling.paths import REPOSITORY
from tooling.runner.graph import application_directories
from tooling.runner.tiers_file import Tier, load_tiers

_ENVIRONMENT = "dev"
"""Represents all stacks of a project that differ in nothing but the environment's name."""


@dataclass(frozen=True, kw_only=True)
class GoldenStack:
    directory: str
    """The project's directory, relative to the repository."""
    stack: str

    @property
    def file(self) -> str:
        return f"{self.directory}/tests/golden/{self.stack}.yaml"

    @property
    def project(self) -> str:
        return Path(self.directory).name

    def graph(self) -> Graph:
        return graph_of(dry_run(REPOSITORY / self.directory, stack=self.stack))

    def text(self, graph: Graph) -> str:
        return as_text(graph, project=self.project, stack=self.stack)

    def golden(self) -> dict[str, dict[str, Any]]:
        """The content of the committed file; empty if there is none."""
        path = REPOSITORY / self.file
        content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
        return {identity: said or {} for identity, said in (content or {}).items()}


def golden_stacks() -> list[GoldenStack]:
    """Every stack with a file of its own, and `dev`, which represents those without one; of `dev`, every tenant."""
    return [stack for tier in load_tiers().tiers for stack in _of_tier(tier)]


def _of_tier(tier: Tier) -> list[GoldenStack]:
    if tier.stacks == "application":
        directories = [str(path.relative_to(REPOSITORY)) for path in application_directories(tier)]
    else:
        directories = [tier.directory]
    return [
        GoldenStack(directory=directory, stack=stack)
        for directory in directories
        for stack in _stacks(REPOSITORY / directory, tier)
    ]


def _stacks(directory: Path, tier: Tier) -> list[str]:
    own = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in directory.glob("Pulumi.*.yaml"))
    if tier.stacks == "tenant":
        return [f"{_ENVIRONMENT}.{tenant}" for tenant in tenant_names(_ENVIRONMENT)]
    return sorted({*own, _ENVIRONMENT})
