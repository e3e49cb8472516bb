"""Whose turn it is: an `up` comes after the tiers above it, on its commit and on those that its commit contains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import BadInput, PlatformError, Refused
from tooling.workflows.tests.conftest import BEGINNING, TOKEN, FakeGithub
from tooling.workflows.turn import SETTLE, Turn, tiers_above, wait_for_turn


def turn(
    github: FakeGithub,
    run: int,
    tier: str = "tenants",
    environment: str = "dev",
    minutes: float = 0,
    settle: timedelta = SETTLE,
    application: str = "",
) -> Turn:
    said: list[str] = []
    github.said = said  # type: ignore[attr-defined]
    return wait_for_turn(
        github.client(run),
        tier,
        environment,
        patience=timedelta(minutes=minutes),
        say=said.append,
        poll_seconds=0.01,
        settle=settle,
        application=application,
    )


def test_every_tier_knows_all_that_are_above_it() -> None:
    assert tiers_above("infrastructure") == []
    assert tiers_above("platform-addons") == ["infrastructure"]
    assert tiers_above("tenants") == ["infrastructure", "platform-addons"]
    assert tiers_above("applications") == ["infrastructure", "platform-addons", "tenants"]


def test_where_nothing_above_was_touched_it_is_our_turn(github: FakeGithub) -> None:
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    assert turn(github, own) is Turn.PROCEED


def test_it_waits_until_the_tier_above_is_done_on_the_same_commit(github: FakeGithub) -> None:
    upper = github.add_run("infrastructure", "aaa", status="in_progress", conclusion=None, up_dev="in_progress")
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    seen: list[int] = []

    def finish_later(count: int) -> None:
        seen.append(count)
        if count == 12:
            github.set_job(upper, "up dev", "success")

    github.on_request = finish_later
    assert turn(github, own, minutes=5) is Turn.PROCEED
    assert len(seen) > 12
    assert github.said == ["waiting for infrastructure (in_progress)"]  # type: ignore[attr-defined]


def test_it_is_refused_where_the_tier_above_failed_on_the_same_commit(github: FakeGithub) -> None:
    github.add_run("infrastructure", "aaa", conclusion="failure", up_dev="failure")
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    with pytest.raises(Refused) as refused:
        turn(github, own, minutes=5)
    assert refused.value.code == "upstream-failed"
    assert refused.value.at == "commit aaa"
    assert "workflow infrastructure" in refused.value.hint


def test_tests_that_failed_above_are_a_failure_too(github: FakeGithub) -> None:
    github.add_run("infrastructure", "aaa", conclusion="failure", check="failure", up_dev="skipped")
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    with pytest.raises(Refused) as refused:
        turn(github, own)
    assert refused.value.code == "upstream-failed"


def test_it_waits_for_a_commit_before_its_own_that_is_still_under_way(github: FakeGithub) -> None:
    """A commit that changes tenants alone is tested sooner than the one before it, which changes the cluster."""
    github.add_run("infrastructure", "aaa", status="in_progress", conclusion=None, up_dev="queued")
    own = github.add_run("tenants", "bbb", status="in_progress", conclusion=None)
    with pytest.raises(Refused) as refused:
        turn(github, own)
    assert (refused.value.code, refused.value.at) == ("upstream-unfinished", "a commit before bbb")


def test_a_failure_on_an_earlier_commit_is_reported_and_does_not_block(github: FakeGithub) -> None:
    github.add_run("infrastructure", "aaa", conclusion="failure", up_dev="failure")
    own = github.add_run("tenants", "bbb", status="in_progress", conclusion=None)
    assert turn(github, own) is Turn.PROCEED
    (said,) = github.said  # type: ignore[attr-defined]
    assert said.startswith("the last up of infrastructure in dev, on an earlier commit, failed")


def test_a_later_commit_of_the_tier_above_is_not_waited_for(github: FakeGithub) -> None:
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    github.add_run("infrastructure", "bbb", status="in_progress", conclusion=None, up_dev="queued")
    assert turn(github, own) is Turn.PROCEED


def test_a_newer_commit_that_was_deployed_takes_the_turn(github: FakeGithub) -> None:
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    github.add_run("tenants", "bbb", up_dev="success")
    assert turn(github, own) is Turn.SUPERSEDED


@pytest.mark.parametrize("state", ["queued", "waiting", "skipped", "cancelled"])
def test_a_newer_commit_that_has_not_begun_does_not(github: FakeGithub, state: str) -> None:
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    github.add_run("tenants", "bbb", status="in_progress", conclusion=None, up_dev=state)
    assert turn(github, own) is Turn.PROCEED


def test_an_approval_that_is_missing_above_is_named(github: FakeGithub) -> None:
    github.add_run("infrastructure", "aaa", status="waiting", conclusion=None, up_dev="success", up_staging="waiting")
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    assert turn(github, own, environment="dev") is Turn.PROCEED
    with pytest.raises(Refused) as refused:
        turn(github, own, environment="staging")
    assert refused.value.what == "the up of infrastructure in staging waits for approval"
    assert refused.value.hint.startswith("approve workflow infrastructure")


def test_where_the_tier_above_is_not_deployed_at_all_nobody_waits(github: FakeGithub) -> None:
    github.add_run("infrastructure", "aaa", up_dev="success", up_staging="skipped")
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    assert turn(github, own, environment="staging") is Turn.PROCEED


def test_runs_of_the_same_push_that_appear_late_are_seen(github: FakeGithub) -> None:
    minute = (datetime.now(UTC) - BEGINNING) / timedelta(minutes=1)
    own = github.add_run("tenants", "aaa", minute=int(minute), status="in_progress", conclusion=None)

    def appear(count: int) -> None:
        if count == 8:
            github.add_run("infrastructure", "aaa", conclusion="failure", up_dev="failure")

    github.on_request = appear
    with pytest.raises(Refused) as refused:
        turn(github, own, minutes=5, settle=timedelta(hours=1))
    assert refused.value.code == "upstream-failed"


def test_a_fault_of_githubs_is_ridden_out_and_a_lasting_one_is_named(github: FakeGithub) -> None:
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    github.failures = [502, 503]
    assert turn(github, own) is Turn.PROCEED
    github.failures = [500] * 10
    with pytest.raises(PlatformError) as failed:
        turn(github, own)
    assert failed.value.code == "github-unreachable"
    assert "status 500" in failed.value.what


def test_a_refusal_names_the_status_and_never_the_token(github: FakeGithub) -> None:
    own = github.add_run("tenants", "aaa", status="in_progress", conclusion=None)
    github.failures = [403]
    with pytest.raises(PlatformError) as failed:
        turn(github, own)
    assert failed.value.code == "github-refused"
    assert "403" in failed.value.what
    assert TOKEN not in f"{failed.value}{github.client(own)!r}"


def test_a_tier_that_does_not_exist_is_refused(github: FakeGithub) -> None:
    with pytest.raises(BadInput):
        turn(github, 1001, tier="tenant")


def test_an_application_is_superseded_by_a_newer_deployment_of_its_own_alone(github: FakeGithub) -> None:
    own = github.add_run("application-demo", "aaa", status="in_progress", conclusion=None)
    github.add_run("application-other", "bbb", up_dev="success")
    assert turn(github, own, tier="applications", application="demo") is Turn.PROCEED
    github.add_run("application-demo", "bbb", up_dev="success")
    assert turn(github, own, tier="applications", application="demo") is Turn.SUPERSEDED


def test_an_application_waits_for_its_tenants(github: FakeGithub) -> None:
    github.add_run("tenants", "aaa", status="in_progress", conclusion=None, up_dev="in_progress")
    own = github.add_run("application-demo", "aaa", status="in_progress", conclusion=None)
    with pytest.raises(Refused) as refused:
        turn(github, own, tier="applications", application="demo")
    assert refused.value.code == "upstream-unfinished"
