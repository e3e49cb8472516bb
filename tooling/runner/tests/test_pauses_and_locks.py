"""A paused tenant is left out of every operation; one that is locked is not destroyed."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from shared import catalog, tenant_exceptions
from shared.errors import Refused
from tooling.runner.graph import StackId
from tooling.runner.guards import refuse_protected
from tooling.runner.pauses import without_paused

ADDONS = StackId(
    tier="platform-addons", project="platform-addons", stack="dev", directory="platform-addons", environment="dev"
)


def of(tenant: str) -> StackId:
    return StackId(
        tier="tenants", project="tenants", stack=f"dev.{tenant}", directory="tenants", environment="dev", tenant=tenant
    )


def shop(tenant: str) -> StackId:
    return StackId(
        tier="applications",
        project="shop",
        stack="dev",
        directory="applications/shop",
        environment="dev",
        tenant=tenant,
    )


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "DIRECTORY", tmp_path)
    monkeypatch.setattr(tenant_exceptions, "today", lambda: datetime.date(2027, 1, 31))
    for name, until in (("moving", "2027-01-31"), ("moved", "2027-01-30")):
        text = f"owner: movers\npaused: {{reason: The data is being moved., until: {until}}}\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "other.yaml").write_text("owner: t\n")


@pytest.mark.parametrize("operation", ["up", "preview", "refresh", "destroy"])
def test_an_operation_leaves_out_who_is_paused_and_says_so(operation: str) -> None:
    said: list[str] = []
    stacks = [ADDONS, of("moved"), of("moving"), of("other"), of("undeclared")]
    left = without_paused(operation, stacks, named=False, say=said.append)
    assert left == [ADDONS, of("moved"), of("other"), of("undeclared")]
    assert said == [
        f"tenants/dev.moving is paused until 2027-01-31: The data is being moved.; {operation} leaves it out"
    ]


def test_applications_of_a_paused_tenant_are_left_out_too() -> None:
    said: list[str] = []
    assert without_paused("up", [shop("moving"), shop("other")], named=False, say=said.append) == [shop("other")]
    assert said == ["shop/dev is paused until 2027-01-31: The data is being moved.; up leaves it out"]


@pytest.mark.parametrize("stack", [of("moving"), shop("moving")], ids=["tenant", "application"])
def test_a_command_for_the_paused_tenant_is_refused(stack: StackId) -> None:
    with pytest.raises(Refused) as refused:
        without_paused("up", [stack], named=True, say=lambda _: None)
    assert refused.value.code == "tenant-paused"
    assert refused.value.at == "tenants/catalog/moving.yaml, paused, line 2, column 1"
    assert refused.value.hint == "ask the owner, movers; then remove `paused` from tenants/catalog/moving.yaml"


def test_a_locked_tenant_is_destroyed_only_after_its_file_unlocked_it() -> None:
    with pytest.raises(Refused) as refused:
        refuse_protected([of("other")], lambda stack: [stack.tenant])
    assert refused.value.code == "resources-protected"
    assert refused.value.at == "tenants/catalog/other.yaml, deletion_lock"
    assert "tiers up tenants --tenant other --stack dev" in refused.value.hint
    refuse_protected([of("other")], lambda _: [])
