"""Tier 1 with every optional part on a lane of its own: upgraded by the runbook's steps, switched off, destroyed.

The tests run in the order in which they stand, after the other files of this directory.
"""

from __future__ import annotations

import pytest

from shared.versions import ADDONS
from tests.infrastructure.platform import CLUSTER, STACK, Platform
from tests.infrastructure.runbook import steps
from tooling.paths import REPOSITORY

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("everything on")]

STEPS = steps(REPOSITORY / "docs/guides/upgrade.md")


def test_the_runbook_has_the_steps_that_the_next_test_follows() -> None:
    assert [step.title for step in STEPS] == ["Before", "1. Control plane", "2. Nodes", "3. Add-ons"]
    assert all(step.commands for step in STEPS)


def test_the_runbook_upgrades_control_plane_then_nodes_then_add_ons(
    platform: Platform, old_addons: dict[str, str]
) -> None:
    before, control_plane, nodes, addons = STEPS
    platform.follow(before)
    platform.follow(control_plane)
    assert platform.versions() == ("1.35", {"1.34"}, old_addons)
    platform.follow(nodes)
    assert platform.versions() == ("1.35", {"1.35"}, old_addons)
    platform.follow(addons)
    assert platform.versions() == ("1.35", {"1.35"}, {name: ADDONS[name].value for name in old_addons})
    assert {node["status"]["nodeInfo"]["kubeletVersion"] for node in platform.get("nodes")} == {"v1.35.0"}


def test_every_optional_part_can_be_switched_off_again(platform: Platform) -> None:
    platform.switch_everything_off()
    platform.clone.tiers("up", *STACK)
    platform.clone.tiers("preview", *STACK, "--expect-no-changes")
    eks = platform.aws("eks")
    assert eks.list_fargate_profiles(clusterName=CLUSTER)["fargateProfileNames"] == []
    assert len(eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]) == 1
    assert set(eks.list_addons(clusterName=CLUSTER)["addons"]) == {"vpc-cni", "kube-proxy", "coredns"}
    assert eks.describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["endpointPublicAccess"] is False
    assert len(platform.of_vpc("describe_subnets", "Subnets")) == 6
    assert platform.outputs()["endpoint_cidrs"] == []


def test_destroy_leaves_nothing(platform: Platform) -> None:
    platform.clone.tiers("destroy", *STACK, "--yes")
    platform.remove_what_existed_beforehand()
    assert platform.clone.tiers("audit", "--stack", "local", "--json").document["left"] == []
