"""Tier 2 with every add-on switched on, on a lane of its own: made from nothing, running, settled, destroyed.

The tests share one deployment and run in the order in which they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addons.tier import CONTROLLER, GUARDRAILS, ON, Tier, needing, switches
from tests.chain.deployed import INFRASTRUCTURE, deployed

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("every add-on")]

CHART = {"load_balancer_controller_chart": str(Path(__file__).parent / "chart")}


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tier]:
    """Tier 1 has been deployed, nothing of tier 2."""
    with deployed(tmp_path_factory.mktemp("addons"), INFRASTRUCTURE) as clone:
        tier = Tier(clone)
        tier.set()
        tier.keep_one_tenant()
        yield tier


def stores(tier: Tier) -> list[str]:
    kinds = tier.get("crd")
    if not any(kind["spec"]["names"]["kind"] == "SecretStore" for kind in kinds):
        return []
    return [one["spec"]["provider"]["aws"]["prefix"] for one in tier.get("secretstores", "--all-namespaces")]


def test_everything_is_made_and_a_chart_that_cannot_be_had_is_told(tier: Tier) -> None:
    said = tier.clone.tiers("up", "platform-addons", "--stack", "local").stderr
    assert f"({CONTROLLER}): chart {CONTROLLER} of https://aws.github.io/eks-charts" in said
    assert "is recorded with its values, not run: the local lane fetches no charts unless" in said
    assert tier.promised() == tier.components() == ON


def test_guardrails_are_taken_out_where_there_is_no_tenant_and_nothing_else_changes(tier: Tier) -> None:
    out = needing(GUARDRAILS)
    tier.set(**switches(out, on=False))
    (counts,) = tier.up().values()
    assert counts.keys() <= {"same", "delete"}, counts
    assert tier.promised() == tier.components() == ON - out


def test_guardrails_are_put_back_and_nothing_else_changes_and_a_tenant_has_its_store(tier: Tier) -> None:
    tier.set()
    counts = tier.up("tenants")["platform-addons/local"]
    assert counts.keys() <= {"same", "create"}, counts
    assert tier.promised() == tier.components() == ON
    assert stores(tier) == ["eks-cluster-local/tenant-a/"]
    tier.settled("tenants")


def test_status_says_what_was_recorded_and_not_run(tier: Tier) -> None:
    rows = tier.clone.tiers("status", "--stack", "local", "--json").document["stacks"]
    recorded = {row["stack"]: row["recorded_not_run"] for row in rows if row["recorded_not_run"]}
    (told,) = recorded["platform-addons/local"]
    assert told.startswith(f"{CONTROLLER}: {CONTROLLER} ")
    assert f"recorded, not run: {told} (platform-addons/local)" in tier.clone.tiers("status", "--stack", "local").stdout


def test_a_tenants_store_goes_with_the_add_on_and_a_chart_on_disk_takes_its_place(tier: Tier) -> None:
    # The kind goes first, and with it the store: tier 3 finds nothing left to remove.
    tier.set(**CHART, external_secrets_enabled=False)
    tier.up("tenants")
    assert stores(tier) == []
    tier.settled("tenants")


def test_a_tenants_store_comes_with_the_add_on(tier: Tier) -> None:
    tier.set(**CHART)
    counts = tier.up("tenants")["platform-addons/local"]
    assert counts.keys() <= {"same", "create"}, counts
    assert stores(tier) == ["eks-cluster-local/tenant-a/"]
    tier.settled("tenants")


def test_a_chart_on_disk_runs(tier: Tier) -> None:
    rows = tier.clone.tiers("status", "--stack", "local", "--json").document["stacks"]
    assert [row["recorded_not_run"] for row in rows] == [[] for _ in rows]
    (deployment,) = [
        one for one in tier.get("deployments", "-n", "kube-system") if one["metadata"]["name"] == CONTROLLER
    ]
    assert deployment["status"]["readyReplicas"] == 2
    assert deployment["spec"]["template"]["spec"]["containers"][0]["args"][0] == "--cluster-name=eks-cluster-local"


def test_every_workload_runs(tier: Tier) -> None:
    workloads = [
        one
        for one in tier.get("deployments,daemonsets,statefulsets", "--all-namespaces")
        if not one["metadata"]["namespace"].startswith("tenant")
    ]
    names = {one["metadata"]["name"] for one in workloads}
    assert {"cluster-autoscaler", "external-dns", "external-secrets", CONTROLLER} <= names
    for one in workloads:
        status = one["status"]
        wanted = status.get("desiredNumberScheduled", one["spec"].get("replicas"))
        ready = status.get("numberReady", status.get("readyReplicas", 0))
        assert ready == wanted, (one["metadata"]["name"], status)
    pods = tier.get("pods", "--all-namespaces")
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}


def test_destroy_leaves_nothing(tier: Tier) -> None:
    document = tier.clone.tiers("destroy", "--stack", "local", "--yes", "--json").document
    assert {stack["status"] for stack in document["stacks"]} == {"done"}
    assert tier.clone.tiers("audit", "--stack", "local", "--json").document["left"] == []
