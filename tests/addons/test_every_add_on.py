"""Tier 2 with every add-on switched on, on a lane of its own: running, settled, each taken out and put back, destroyed.

The tests share one deployment and run in the order in which they stand; each leaves it as it found it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.testing import load_module
from tests.chain.clone import Clone
from tests.everything_on import SETTINGS
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("every add-on")]

GRAPH = load_module(REPOSITORY / "platform-addons", "addon_graph")
ADDONS = load_module(REPOSITORY / "platform-addons", "settings").ADDONS
ON = {name for name, addon in ADDONS.items() if addon.enabled or SETTINGS["platform-addons"].get(addon.switch)}
CONTROLLER = "aws-load-balancer-controller"


def needing(name: str) -> set[str]:
    """The add-on and those that are on and cannot be without it."""
    found = {name}
    while True:
        more = {one for one in ON - found if found & set(GRAPH.requirements(ADDONS, one))}
        if not more:
            return found
        found |= more


class Tier:
    """Tier 2 of a clone on its lane."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self._file = clone.path / "platform-addons/Pulumi.local.yaml"
        self._first = yaml.safe_load(self._file.read_text())["config"]

    def set(self, **settings: Any) -> None:
        """These on top of everything on."""
        wanted = {**SETTINGS["platform-addons"], **settings}
        config = {**self._first, **{f"platform-addons:{key}": value for key, value in wanted.items()}}
        self._file.write_text(yaml.safe_dump({"config": config}))

    def up(self) -> str:
        return self.clone.tiers("up", "platform-addons", "--stack", "local").stderr

    def settled(self) -> None:
        self.clone.tiers("preview", "platform-addons", "--stack", "local", "--expect-no-changes")

    def promised(self) -> set[str]:
        outputs = self.clone.tiers("outputs", "platform-addons", "--stack", "local", "--json").document["outputs"]
        return set(outputs["addons"])

    def components(self) -> set[str]:
        """Names of the add-ons that the state holds something of."""
        file = self.clone.local / "state/.pulumi/stacks/platform-addons/local.json"
        resources = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
        urns = (one["urn"].rpartition("::")[2] for one in resources if one["type"].startswith("platform:"))
        return set(urns)

    def get(self, *what: str) -> list[dict[str, Any]]:
        path = self.clone.local / "admin.kubeconfig"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(self.clone.tiers("kubeconfig", "--stack", "local").stdout)
        return yaml.safe_load(self.clone.kubectl(path, "get", *what, "-o", "yaml").stdout)["items"]


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tier]:
    clone = Clone(tmp_path_factory.mktemp("addons"))
    clone.tiers("local", "up")
    try:
        tier = Tier(clone)
        tier.set()
        clone.tiers("up", "infrastructure", "--stack", "local")
        yield tier
    finally:
        clone.tiers("local", "down", "--yes")


def test_everything_is_made_and_a_chart_that_cannot_be_had_is_told(tier: Tier) -> None:
    said = tier.up()
    assert f"({CONTROLLER}): chart {CONTROLLER} of https://aws.github.io/eks-charts" in said
    assert "is recorded with its values, not run: the local lane fetches no charts unless" in said
    assert tier.promised() == tier.components() == ON
    tier.settled()


def test_status_says_what_was_recorded_and_not_run(tier: Tier) -> None:
    rows = tier.clone.tiers("status", "--stack", "local", "--json").document["stacks"]
    recorded = {row["stack"]: row["recorded_not_run"] for row in rows if row["recorded_not_run"]}
    (told,) = recorded["platform-addons/local"]
    assert told.startswith(f"{CONTROLLER}: {CONTROLLER} ")
    assert f"recorded, not run: {told} (platform-addons/local)" in tier.clone.tiers("status", "--stack", "local").stderr


def test_a_chart_on_disk_takes_its_place_and_runs(tier: Tier) -> None:
    tier.set(load_balancer_controller_chart=str(Path(__file__).parent / "chart"))
    tier.up()
    tier.settled()
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


def test_a_tenants_store_comes_and_goes_with_the_add_on(tier: Tier) -> None:
    tenant = ("tenants", "--stack", "local", "--tenant", "tenant-a")

    def stores() -> list[str]:
        tier.clone.tiers("up", *tenant)
        tier.clone.tiers("preview", *tenant, "--expect-no-changes")
        kinds = tier.get("crd")
        if not any(kind["spec"]["names"]["kind"] == "SecretStore" for kind in kinds):
            return []
        found = tier.get("secretstores", "--all-namespaces")
        return [one["spec"]["provider"]["aws"]["prefix"] for one in found]

    assert stores() == ["eks-cluster-local/tenant-a/"]
    # The kind goes first, and with it the store: tier 3 finds nothing left to remove.
    tier.set(external_secrets_enabled=False)
    tier.up()
    assert stores() == []
    tier.set()
    tier.up()
    assert stores() == ["eks-cluster-local/tenant-a/"]


def switches(names: Iterable[str], *, on: bool) -> dict[str, bool]:
    return {ADDONS[name].switch: on for name in names}


@pytest.mark.parametrize("name", [name for name in ADDONS if name in ON])
def test_each_is_taken_out_alone_and_put_back(tier: Tier, name: str) -> None:
    out = needing(name)
    tier.set(**switches(out, on=False))
    tier.up()
    assert tier.promised() == tier.components() == ON - out
    tier.settled()
    tier.set()
    tier.up()
    assert tier.promised() == tier.components() == ON
    tier.settled()


def test_destroy_leaves_nothing(tier: Tier) -> None:
    document = tier.clone.tiers("destroy", "--stack", "local", "--yes", "--json").document
    assert {stack["status"] for stack in document["stacks"]} == {"done"}
    assert tier.clone.tiers("audit", "--stack", "local", "--json").document["left"] == []
