"""`make verify STACK=dev`: a deployed chain does what it is for. Without a stack: skipped."""

from __future__ import annotations

import re

import pytest

from tests.live.checks import CHECKS, Check
from tests.live.world import World
from tooling.paths import REPOSITORY


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
def test_the_deployed_platform(world: World, check: Check) -> None:
    if world.stack == "local" and check.aws_only:
        pytest.skip(f"on the lane: {check.aws_only}")
    check.run(world)


def test_the_checklist_names_every_check_and_where_it_was_seen_to_hold() -> None:
    page = (REPOSITORY / "docs/reference/verified.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \|", page, flags=re.MULTILINE))
    assert list(rows) == [check.name for check in CHECKS]
    for check in CHECKS:
        assert (rows[check.name] == "no") == bool(check.aws_only), check.name
