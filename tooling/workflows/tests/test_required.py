"""The one required check: every workflow that the pull request started holds a job `passed` that succeeded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Refused
from tooling.workflows.required import require_all
from tooling.workflows.tests.conftest import BEGINNING, FakeGithub


def check(github: FakeGithub, own: int, minutes: float = 0, settle: timedelta = timedelta(0)) -> list[str]:
    return require_all(
        github.client(own),
        "aaa",
        patience=timedelta(minutes=minutes),
        say=lambda _: None,
        poll_seconds=0.01,
        settle=settle,
    )


def add(github: FakeGithub, workflow: str, sha: str = "aaa", **options: str) -> int:
    return github.add_run(workflow, sha, event="pull_request", **options)  # type: ignore[arg-type]


@pytest.fixture
def own(github: FakeGithub) -> int:
    return github.add_run("pull-request", "aaa", event="pull_request", status="in_progress", conclusion=None)


def test_all_that_passed_are_named(github: FakeGithub, own: int) -> None:
    add(github, "tenants", passed="success")
    add(github, "tooling", passed="success")
    assert check(github, own) == [".github/workflows/tenants.yml", ".github/workflows/tooling.yml"]


@pytest.mark.parametrize("state", ["failure", "cancelled", "skipped"])
def test_a_job_that_did_not_succeed_fails_the_check(github: FakeGithub, own: int, state: str) -> None:
    add(github, "tenants", passed=state)
    add(github, "tooling", passed="success")
    with pytest.raises(Refused) as refused:
        check(github, own)
    assert refused.value.code == "checks-failed"
    assert refused.value.what.startswith(".github/workflows/tenants.yml did not pass")


def test_a_run_without_the_job_has_not_passed_whatever_github_calls_it(github: FakeGithub, own: int) -> None:
    add(github, "tenants", unit="success")
    with pytest.raises(Refused) as refused:
        check(github, own)
    assert refused.value.code == "checks-failed"


def test_it_waits_for_runs_under_way(github: FakeGithub, own: int) -> None:
    run = add(github, "tenants", status="in_progress", conclusion="", passed="queued")

    def finish(count: int) -> None:
        if count == 10:
            github.runs[-1].update(status="completed", conclusion="success")
            github.set_job(run, "passed", "success")

    github.on_request = finish
    assert check(github, own, minutes=5) == [".github/workflows/tenants.yml"]


def test_it_gives_up_with_the_names_of_those_under_way(github: FakeGithub, own: int) -> None:
    add(github, "tenants", status="queued", conclusion="")
    with pytest.raises(Refused) as refused:
        check(github, own)
    assert refused.value.code == "checks-unfinished"
    assert ".github/workflows/tenants.yml" in refused.value.what


def test_of_two_runs_of_one_workflow_the_newer_counts(github: FakeGithub, own: int) -> None:
    add(github, "tenants", conclusion="cancelled", passed="cancelled")
    add(github, "tenants", passed="success")
    assert check(github, own) == [".github/workflows/tenants.yml"]


def test_another_commits_runs_do_not(github: FakeGithub, own: int) -> None:
    add(github, "tenants", sha="bbb", conclusion="failure", passed="failure")
    assert check(github, own) == []


def test_runs_that_begin_late_are_seen(github: FakeGithub) -> None:
    minute = int((datetime.now(UTC) - BEGINNING) / timedelta(minutes=1))
    own = github.add_run(
        "pull-request", "aaa", minute=minute, event="pull_request", status="in_progress", conclusion=None
    )

    def appear(count: int) -> None:
        if count == 5:
            add(github, "tenants", conclusion="failure", passed="failure")

    github.on_request = appear
    with pytest.raises(Refused):
        check(github, own, minutes=5, settle=timedelta(hours=1))
