"""What the tiers register violates no rule, in any environment, and no role of theirs trusts more than it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared import catalog
from shared.catalog import load_tenant
from shared.policies.evaluation import Policies
from shared.policies.rule import Level
from shared.policies.testing import views_of
from shared.tenant_file import TenantFile
from shared.testing import application_directories, run_program, stack_of_application

REPOSITORY = Path(__file__).resolve().parents[3]
ENVIRONMENTS = ("local", "dev", "staging", "prod")
STACKS = [
    *(("infrastructure", environment) for environment in ENVIRONMENTS),
    *(("platform-addons", environment) for environment in ENVIRONMENTS),
    *(("tenants", f"dev.tenant-{tenant}") for tenant in "abc"),
    *((f"applications/{directory.name}", stack_of_application(directory)) for directory in application_directories()),
]


@pytest.mark.parametrize(("directory", "stack"), STACKS, ids=[f"{d}-{s}" for d, s in STACKS])
def test_no_resource_violates_a_rule(directory: str, stack: str) -> None:
    policies = Policies.load()
    views = views_of(run_program(REPOSITORY / directory, stack=stack))
    assert views
    found = [*(violation for view in views for violation in policies.of_resource(view)), *policies.of_stack(views)]
    said = [f"{violation.rule.id}: {violation.urn}: {violation.what}" for violation in found]
    assert [line for line, violation in zip(said, found, strict=True) if violation.level == Level.MANDATORY] == []


def test_a_program_that_opens_its_endpoint_to_the_world_is_caught() -> None:
    """The twin of the test above: views of a mocked program are complete enough to be refused."""
    config = {"public_access_cidrs": ["198.51.100.0/24"]}
    run = run_program(REPOSITORY / "infrastructure", stack="prod", config=config)
    policies = Policies.load()
    found = {violation.rule.id for view in views_of(run) for violation in policies.of_resource(view)}
    assert "cluster-endpoint-private" in found


def test_the_program_of_one_tenant_is_stopped_in_the_stack_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs side by side in one process mixed up tenants' states on another platform, and secrets were lost."""
    right = load_tenant

    def of_another(_: str, *given: Any, **named: Any) -> TenantFile:
        return right("tenant-b", *given, **named)

    monkeypatch.setattr(catalog, "load_tenant", of_another)
    policies = Policies.load()
    views = [
        view
        for view in views_of(run_program(REPOSITORY / "tenants", stack="dev.tenant-a"))
        if view.provider is not None and not view.type.startswith("pulumi:")
    ]
    caught = {
        view.urn for view in views if "tenant-own-resources" in {one.rule.id for one in policies.of_resource(view)}
    }
    assert len(views) > 15
    assert {view.urn for view in views} == caught
