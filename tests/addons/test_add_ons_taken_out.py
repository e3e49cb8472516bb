"""Add-ons taken out of tier 2 and put back, several in one run, while all others stay; on a lane with every add-on.

Of any two add-ons, each is out in some run in which the other stays, unless one needs the other. That takes six runs
where one for each add-on would take twelve. The tests take turns: each takes its add-ons out in the run that puts those
of the one before back, and after the last one all are in. A test that runs alone begins with what the lane has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

import pytest

from tests.addons.tier import ADDONS, EVERY_ADDON, GUARDRAILS, ON, Tier, needing, switches
from tests.chain.deployed import deployed


def _on_the_lane(test: Callable[..., None]) -> Callable[..., None]:
    for mark in (pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("add-ons taken out")):
        test = mark(test)
    return test


TAKEN_OUT = (
    {"external-dns", "external-secrets", "fluent-bit", "metrics-server", "priority-classes", "storage-class"},
    {
        "cluster-autoscaler",
        "external-dns",
        "external-secrets",
        "fluent-bit",
        "load-balancer-controller",
        "priority-classes",
    },
    {"cluster-autoscaler", "container-insights", "deployer-reading", "fargate-logging", "fluent-bit"},
    {
        "container-insights",
        "deployer-reading",
        "external-secrets",
        "metrics-server",
        "network-policies",
        "storage-class",
    },
    {
        "deployer-reading",
        "external-dns",
        "fargate-logging",
        "load-balancer-controller",
        "network-policies",
        "storage-class",
    },
    {"cluster-autoscaler", "container-insights", "fargate-logging", "metrics-server", "network-policies"},
)
"""What is out in each run. A new add-on goes into three of them; the first test says which pairs are missing."""


def test_of_any_two_add_ons_each_is_out_while_the_other_stays_unless_it_needs_it() -> None:
    removable = {name for name in ADDONS if name in ON - {GUARDRAILS}}
    assert [out for out in TAKEN_OUT if set().union(*map(needing, out)) != out] == []
    missing = {
        (out, staying)
        for out, staying in permutations(removable, 2)
        if staying not in needing(out) and not any(out in run and staying not in run for run in TAKEN_OUT)
    }
    assert missing == set()


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tier]:
    with deployed(tmp_path_factory.mktemp("addons"), EVERY_ADDON) as clone:
        yield Tier(clone)


@pytest.mark.parametrize("out", [pytest.param(out, id=f"run {number}") for number, out in enumerate(TAKEN_OUT, 1)])
@_on_the_lane
def test_some_are_taken_out_while_those_of_the_run_before_are_put_back(tier: Tier, out: set[str]) -> None:
    tier.set(**switches(out, on=False))
    assert_only_added_or_removed(tier.up())
    assert tier.promised() == tier.components() == ON - out


def assert_only_added_or_removed(changes: dict[str, dict[str, int]]) -> None:
    """Of what stayed nothing changed: the run before left it settled, and it does not depend on the rest."""
    (counts,) = changes.values()
    assert counts.keys() <= {"same", "create", "delete"}, counts


@_on_the_lane
def test_the_last_are_put_back_and_all_is_settled(tier: Tier) -> None:
    tier.set()
    assert_only_added_or_removed(tier.up())
    assert tier.promised() == tier.components() == ON
    outputs = tier.clone.tiers("outputs", "platform-addons", "--stack", "local", "--json").document["outputs"]
    assert set(outputs["addons"]) == ON
    tier.settled("tenants")


@_on_the_lane
def test_guardrails_are_not_taken_out_while_there_are_tenants(tier: Tier) -> None:
    before = tier.clone.resources("platform-addons")
    tier.set(**switches(needing(GUARDRAILS), on=False))
    try:
        refused = tier.clone.tiers("up", "platform-addons", "--stack", "local", expect=3).stderr
    finally:
        tier.set()
    assert "error[guardrails-in-use]" in refused
    assert tier.clone.resources("platform-addons") == before
