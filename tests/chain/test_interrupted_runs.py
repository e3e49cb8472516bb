"""What a run that was killed made and did not record, on a deployed chain of its own: found again, and made once.

The tests share one deployed chain and run in the order in which they stand; the last takes it down.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chain.clone import Clone

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("interrupted runs")]


def record_of(chain: Clone, project: str, stack: str) -> dict[str, Any]:
    file = chain.local / "state/.pulumi/stacks" / project / f"{stack}.json"
    return json.loads(file.read_text())


def make_pending(chain: Clone, project: str, stack: str) -> int:
    """Sets a stack's record to where an engine that was killed while it created everything at once would leave it.

    Returns how many of them there are to be found; a Helm release that the lane has only recorded is recorded again.
    """
    file = chain.local / "state/.pulumi/stacks" / project / f"{stack}.json"
    record = json.loads(file.read_text())
    latest = record["checkpoint"]["latest"]
    made = [one for one in latest["resources"] if one.get("id") and not one["type"].startswith("pulumi:")]
    # Nothing can depend on what was not recorded yet.
    unbound = ("dependencies", "propertyDependencies")
    kept = [one for one in latest["resources"] if one not in made]
    latest["resources"] = [{key: value for key, value in one.items() if key not in unbound} for one in kept]
    asked = [{key: value for key, value in one.items() if key not in ("id", "outputs")} for one in made]
    latest["pending_operations"] = [{"type": "creating", "resource": one} for one in asked]
    file.write_text(json.dumps(record))
    return sum(one["type"] != "kubernetes:helm.sh/v3:Release" for one in made)


@pytest.mark.parametrize(
    ("tier", "stack"), [("infrastructure", "local"), ("platform-addons", "local"), ("tenants", "local.tenant-b")]
)
def test_everything_that_an_interrupted_run_made_and_did_not_record_is_found(
    chain: Clone, tier: str, stack: str
) -> None:
    ids = {one["urn"]: one.get("id") for one in record_of(chain, tier, stack)["checkpoint"]["latest"]["resources"]}
    count = make_pending(chain, tier, stack)
    tenant = ("--tenant", stack.partition(".")[2]) if "." in stack else ()
    said = chain.tiers("up", tier, *tenant, "--stack", "local").stderr
    assert said.count("created but not recorded; adopted") == count, said
    latest = record_of(chain, tier, stack)["checkpoint"]["latest"]
    assert {one["urn"]: one.get("id") for one in latest["resources"]} == ids
    assert not latest.get("pending_operations")
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


def test_what_an_interrupted_run_had_not_made_yet_is_made_once(chain: Clone, admin: Path) -> None:
    chain.kubectl(admin, "delete", "resourcequota", "quota", "-n", "tenant-b")
    make_pending(chain, "tenants", "local.tenant-b")
    said = chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local").stderr
    assert "found ResourceQuota tenant-b-quota" not in said, said
    assert "1 created" in said
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


def test_an_object_of_the_same_name_that_is_not_ours_is_left_alone(chain: Clone, admin: Path) -> None:
    """The quota bears no label of ours: somebody made it by hand in the meantime."""
    chain.kubectl(admin, "label", "resourcequota", "quota", "-n", "tenant-b", "platform.internal/tenant-")
    make_pending(chain, "tenants", "local.tenant-b")
    said = chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local", expect=1).stderr
    assert "already exists" in said, said
    chain.kubectl(admin, "delete", "resourcequota", "quota", "-n", "tenant-b")
    chain.tiers("up", "tenants", "--tenant", "tenant-b", "--stack", "local")
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


def test_destroy_leaves_nothing_of_what_interrupted_runs_made(chain: Clone) -> None:
    document = chain.tiers("destroy", "--stack", "local", "--yes", "--json").document
    assert {stack["status"] for stack in document["stacks"]} == {"done"}, document
    assert chain.tiers("audit", "--stack", "local", "--json").document["left"] == []
