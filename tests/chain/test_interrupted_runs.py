"""What a run that was killed made and did not record, on a deployed chain of its own: found again, and made once.

The tests share one deployed chain and run in the order in which they stand; the last takes it down.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.chain.clone import Clone
from tests.chain.test_from_nothing import STACKS
from tooling.lane.processes import running

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


def ids_of(record: dict[str, Any]) -> dict[str, str | None]:
    return {one["urn"]: one.get("id") for one in record["checkpoint"]["latest"]["resources"]}


def test_up_adopts_what_exists_creates_what_is_missing_and_leaves_objects_of_others_alone(
    chain: Clone, cluster_admin: Path
) -> None:
    """All resources of three tiers exist and are not recorded, except for two quotas.

    Tenant B's does not exist yet. Tenant C's has no label of the platform: somebody created it by hand in the meantime.
    """
    found = [("infrastructure", "local"), ("platform-addons", "local"), ("tenants", "local.tenant-a")]
    chain.kubectl(cluster_admin, "delete", "resourcequota", "quota", "-n", "tenant-b")
    chain.kubectl(cluster_admin, "label", "resourcequota", "quota", "-n", "tenant-c", "platform.internal/tenant-")
    before = {stack: ids_of(record_of(chain, *stack)) for stack in found}
    counts = {stack: make_pending(chain, *stack) for stack in found}
    for tenant in ("tenant-b", "tenant-c"):
        counts["tenants", f"local.{tenant}"] = make_pending(chain, "tenants", f"local.{tenant}") - 1

    said = chain.tiers("up", "--stack", "local", expect=1).stderr

    taken_over = [line for line in said.splitlines() if line.endswith("created but not recorded; adopted")]
    for (project, stack), count in counts.items():
        assert sum(f"{project}/{stack}: found " in line for line in taken_over) == count, said
    for stack, ids in before.items():
        assert ids_of(record_of(chain, *stack)) == ids
        assert not record_of(chain, *stack)["checkpoint"]["latest"].get("pending_operations")
    assert "found ResourceQuota tenant-b-quota" not in said, said
    assert re.search(r"^tenants/local\.tenant-b .* 1 created .*done$", said, re.MULTILINE), said
    assert "found ResourceQuota tenant-c-quota" not in said, said
    assert "already exists" in said, said

    chain.kubectl(cluster_admin, "delete", "resourcequota", "quota", "-n", "tenant-c")
    chain.tiers("up", "tenants", "--tenant", "tenant-c", "--stack", "local")
    chain.tiers("preview", "--stack", "local", "--expect-no-changes")


def test_destroy_after_interrupted_runs_leaves_nothing_and_down_leaves_no_process(chain: Clone) -> None:
    document = chain.tiers("destroy", "--stack", "local", "--yes", "--json").document
    assert [stack["status"] for stack in document["stacks"]] == ["done"] * len(STACKS), document
    assert document["stacks"][0]["stack"] == "demo/local"
    assert document["stacks"][-1]["stack"] == "infrastructure/local"
    assert chain.tiers("audit", "--stack", "local", "--json").document["left"] == []
    chain.tiers("local", "down")
    assert not chain.local.exists()
    assert running(lambda command: str(chain.local) in command) == []
    assert chain.git("status", "--porcelain") == ""
