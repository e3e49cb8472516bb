"""The whole chain on an empty lane: the one place where all of it is deployed from nothing, whatever is cached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chain.clone import Clone
from tests.chain.test_the_whole_chain import STACKS
from tooling.lane.processes import running

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("chain from nothing")]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    clone = Clone(tmp_path_factory.mktemp("nothing"))
    clone.tiers("local", "up")
    try:
        yield clone
    finally:
        clone.tiers("local", "down", "--yes")


def test_every_stack_is_deployed_on_an_empty_lane_and_a_second_run_has_nothing_to_do(empty: Clone) -> None:
    document = empty.tiers("up", "--stack", "local", "--json").document
    assert [stack["stack"] for stack in document["stacks"]] == STACKS
    assert [stack["status"] for stack in document["stacks"]] == ["done"] * len(STACKS), document
    rows = empty.tiers("status", "--stack", "local", "--json").document["stacks"]
    assert all(row["deployed"] and row["resources"] > 3 for row in rows), rows
    empty.tiers("preview", "--stack", "local", "--refresh", "--expect-no-changes")
    assert empty.git("status", "--porcelain") == ""


def test_down_leaves_no_file_and_no_process_of_a_deployed_chain(empty: Clone) -> None:
    empty.tiers("local", "down", "--yes")
    assert not empty.local.exists()
    assert running(lambda command: str(empty.local) in command) == []
