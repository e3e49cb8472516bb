"""An engine in an account reads the state of the stack that it works on, and no other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared.errors import PlatformError
from shared.stack_states import PLATFORM_PROJECTS
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId, environment_graph
from tooling.runner.tiers_file import load_tiers

KEY = "awskms://alias/states?region=us-east-1"


def stack_of(project: str) -> StackId:
    return next(stack for stack in environment_graph("dev") if stack.project == project)


@dataclass(frozen=True, kw_only=True)
class Recorded(Engine):
    """Answers as the engine does, from `says`, and records what was run."""

    says: str = ""
    ran: list[str] = field(default_factory=list)

    def work_dir(self, stack: StackId) -> Path:
        return Path(stack.directory)

    def run(self, *arguments: str, **_: Any) -> str:
        self.ran.append(" ".join(arguments))
        if not self.says.startswith("{"):
            raise PlatformError("engine-failed", f"pulumi stack failed: {self.says}", at="dev", hint="")
        return self.says


def engine(says: str = "", environment: str = "dev") -> Recorded:
    return Recorded(environment=environment, variables={}, secrets_provider=KEY, says=says)


@pytest.mark.parametrize(("project", "context"), [("demo", "demo%2Fdev"), ("tenants", "tenants%2Fdev.tenant-a")])
def test_every_stack_uses_the_key_with_its_own_context(project: str, context: str) -> None:
    assert engine().secrets_provider_of(stack_of(project)) == f"{KEY}&context_stack={context}"


def test_the_stacks_of_a_lane_share_one_key() -> None:
    assert engine(environment="local").secrets_provider_of(stack_of("demo")) == KEY


def test_a_stack_is_looked_for_without_a_list_of_all_stacks() -> None:
    found = engine(json.dumps({"deployment": {"resources": []}}))
    assert found.may_be_unfinished(stack_of("demo"))
    assert found.ran == ["stack export --stack dev"]
    assert not engine("error: no stack named 'dev' found").may_be_unfinished(stack_of("demo"))


def test_a_state_that_may_not_be_read_is_no_missing_stack() -> None:
    with pytest.raises(PlatformError) as refused:
        engine("error: AccessDenied").may_be_unfinished(stack_of("demo"))
    assert refused.value.code == "engine-failed"


def test_the_platforms_projects_are_those_of_its_tiers() -> None:
    assert tuple(tier.name for tier in load_tiers().tiers if tier.stacks != "application") == PLATFORM_PROJECTS
