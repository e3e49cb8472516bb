"""The short form of `make chaos`: one trial for each kind of process, at fixed points of one tenant's life and of a
whole `destroy`. Which trials, and that the harness notices what it is for, is tested here too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chain.deployed import deployed
from tests.chaos.harness import Harness, Standing, Wrong
from tests.chaos.trials import Operation, Trial, Victim, trial


def test_a_seed_is_always_the_same_trial_and_a_hundred_hit_everything() -> None:
    drawn = [trial(seed) for seed in range(1, 101)]
    assert drawn == [trial(seed) for seed in range(1, 101)]
    assert {each.victim for each in drawn} == set(Victim)
    assert {each.operation for each in drawn} == set(Operation)


def fixed(operation: Operation, victim: Victim, stack: str, writes: int) -> Trial:
    return Trial(seed=0, operation=operation, victim=victim, stack=stack, writes=writes, pause_seconds=0)


# In this order each trial begins where the one before it ended; only the second needs a `destroy` first.
OF_A_TENANT = (
    fixed(Operation.TENANT_CHANGE, Victim.RUNNER, "tenants/local.tenant-b", 1),
    fixed(Operation.TENANT_UP, Victim.EMULATOR, "tenants/local.tenant-b", 9),
    fixed(Operation.TENANT_DESTROY, Victim.API_SERVER, "tenants/local.tenant-b", 9),
    fixed(Operation.TENANT_UP, Victim.ENGINE, "tenants/local.tenant-b", 15),
)
OF_THE_CHAIN = fixed(Operation.DESTROY, Victim.PLUGINS, "tenants/local.tenant-a", 9)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with deployed(tmp_path_factory.mktemp("chaos")) as clone:
        yield Harness(clone, Standing.ALL)


@pytest.mark.lane
@pytest.mark.engine
@pytest.mark.xdist_group("chaos")
@pytest.mark.parametrize("chosen", OF_A_TENANT, ids=lambda chosen: f"{chosen.operation}-{chosen.victim}")
def test_one_rerun_fixes_what_the_kill_did(harness: Harness, chosen: Trial) -> None:
    result = harness.run(chosen)
    assert result.hit, "it was over before it could be hit"


@pytest.mark.lane
@pytest.mark.engine
@pytest.mark.xdist_group("chaos")
def test_the_harness_notices_an_object_too_many(harness: Harness) -> None:
    admin = harness.lane().cluster.kubeconfig
    harness.clone.kubectl(admin, "create", "namespace", "one-too-many")
    with pytest.raises(Wrong, match=r"too many: [^;]*Namespace"):
        harness.check_counts(Standing.ALL, settle_seconds=0)
    harness.clone.kubectl(admin, "delete", "namespace", "one-too-many")


@pytest.mark.lane
@pytest.mark.engine
@pytest.mark.xdist_group("chaos")
def test_one_rerun_ends_a_destroy_of_the_whole_chain(harness: Harness) -> None:
    result = harness.run(OF_THE_CHAIN)
    assert result.hit, "it was over before it could be hit"
