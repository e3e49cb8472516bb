"""Each add-on taken out of tier 2 alone, and put back, while all others stay; on lanes with every add-on deployed.

The tests of a lane take turns: each takes its add-on out in the run that puts the one before back, and after the last
one all are in. A test that runs alone begins with what the lane has.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.addons.tier import ADDONS, EVERY_ADDON, GUARDRAILS, ON, Tier, needing, switches
from tests.chain.deployed import deployed

pytestmark = [pytest.mark.lane, pytest.mark.engine]

LANES = 2
"""Between which the add-ons are divided, so that two workers share them."""


def lane(number: int) -> pytest.MarkDecorator:
    return pytest.mark.xdist_group(f"each add-on alone {number % LANES}")


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tier]:
    with deployed(tmp_path_factory.mktemp("addons"), EVERY_ADDON) as clone:
        yield Tier(clone)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=lane(number))
        for number, name in enumerate(name for name in ADDONS if name in ON - {GUARDRAILS})
    ],
)
def test_each_is_taken_out_alone_while_the_one_before_is_put_back(tier: Tier, name: str) -> None:
    out = needing(name)
    tier.set(**switches(out, on=False))
    assert_only_added_or_removed(tier.up())
    assert tier.promised() == tier.components() == ON - out


def assert_only_added_or_removed(changes: dict[str, dict[str, int]]) -> None:
    """Of what stayed nothing changed: the run before left it settled, and it does not depend on the rest."""
    (counts,) = changes.values()
    assert counts.keys() <= {"same", "create", "delete"}, counts


@pytest.mark.parametrize("number", [pytest.param(number, marks=lane(number)) for number in range(LANES)])
def test_the_last_is_put_back_and_all_is_settled(tier: Tier, number: int) -> None:
    tier.set()
    assert_only_added_or_removed(tier.up())
    assert tier.promised() == tier.components() == ON
    outputs = tier.clone.tiers("outputs", "platform-addons", "--stack", "local", "--json").document["outputs"]
    assert set(outputs["addons"]) == ON
    tier.settled("tenants")


@lane(0)
def test_guardrails_are_not_taken_out_while_there_are_tenants(tier: Tier) -> None:
    before = tier.clone.resources("platform-addons")
    tier.set(**switches(needing(GUARDRAILS), on=False))
    try:
        refused = tier.clone.tiers("up", "platform-addons", "--stack", "local", expect=3).stderr
    finally:
        tier.set()
    assert "error[guardrails-in-use]" in refused
    assert tier.clone.resources("platform-addons") == before
