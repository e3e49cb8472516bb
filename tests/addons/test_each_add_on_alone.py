"""Each add-on taken out of tier 2 alone, and put back, while all others stay; on lanes with a deployed chain.

The tests of a lane share one deployment; each leaves it as it found it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.addons.tier import ADDONS, GUARDRAILS, ON, Tier, needing, switches
from tests.chain.deployed import deployed

pytestmark = [pytest.mark.lane, pytest.mark.engine]

LANES = 2
"""Between which the add-ons are divided, so that two workers share them."""


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tier]:
    """Everything is on, and a tenant uses what it can use."""
    with deployed(tmp_path_factory.mktemp("addons")) as clone:
        tier = Tier(clone)
        tier.set()
        tier.up()
        clone.tiers("up", "tenants", "--stack", "local", "--tenant", "tenant-a")
        yield tier


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xdist_group(f"each add-on alone {number % LANES}"))
        for number, name in enumerate(name for name in ADDONS if name in ON - {GUARDRAILS})
    ],
)
def test_each_is_taken_out_alone_and_put_back(tier: Tier, name: str) -> None:
    tier.take_out_and_put_back(name)


@pytest.mark.xdist_group("each add-on alone 0")
def test_guardrails_are_not_taken_out_while_there_are_tenants(tier: Tier) -> None:
    tier.set(**switches(needing(GUARDRAILS), on=False))
    try:
        refused = tier.clone.tiers("up", "platform-addons", "--stack", "local", expect=3).stderr
    finally:
        tier.set()
    assert "error[guardrails-in-use]" in refused
    assert tier.promised() == tier.components() == ON
    tier.settled()
