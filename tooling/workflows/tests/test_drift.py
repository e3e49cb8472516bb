"""The weekly comparison: an issue an environment, opened once, kept up to date, closed when nothing differs."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from tooling.workflows import drift
from tooling.workflows.tests.conftest import FakeGithub


def record(github: FakeGithub, code: int, text: str = "~ update role", environment: str = "dev") -> str:
    return drift.record(github.client(), environment, code, text, commit="abcdef0123456789")


def test_changes_open_one_issue_and_the_next_week_updates_it(github: FakeGithub) -> None:
    assert record(github, 4, "~ update role") == "opened"
    assert record(github, 4, "~ update bucket") == "updated"
    (issue,) = github.issues
    assert issue["title"] == "Drift in dev"
    assert "~ update bucket" in issue["body"]
    assert "make up STACK=dev" in issue["body"]
    assert "~ update role" not in issue["body"]


def test_a_clean_week_closes_it_and_a_later_change_opens_another(github: FakeGithub) -> None:
    record(github, 4)
    assert record(github, 0) == "closed"
    assert (github.issues[0]["state"], github.issues[0]["state_reason"]) == ("closed", "completed")
    assert github.comments[0]["body"] == "No drift at abcdef012345."
    assert record(github, 4) == "opened"
    assert [issue["state"] for issue in github.issues] == ["closed", "open"]


def test_a_clean_week_without_an_issue_does_nothing(github: FakeGithub) -> None:
    assert record(github, 0) == "clean"
    assert github.issues == github.comments == []


@pytest.mark.parametrize("code", [1, 2, 130])
def test_a_comparison_that_failed_says_nothing_of_drift(github: FakeGithub, code: int) -> None:
    record(github, 4)
    before = dict(github.issues[0])
    assert record(github, code) == "failed"
    assert github.issues == [before]


def test_environments_and_peoples_issues_are_kept_apart(github: FakeGithub) -> None:
    github.issues.append(
        {"number": 1, "state": "open", "title": "Drift in dev", "user": {"type": "User", "login": "ann"}}
    )
    assert record(github, 4, environment="dev") == "opened"
    assert record(github, 4, environment="prod") == "opened"
    assert record(github, 0, environment="prod") == "closed"
    assert [(issue["title"], issue["state"]) for issue in github.issues] == [
        ("Drift in dev", "open"),
        ("Drift in dev", "open"),
        ("Drift in prod", "closed"),
    ]


def test_it_compares_with_what_really_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        ran.append(command[1:])
        return SimpleNamespace(returncode=4, stdout="text")

    monkeypatch.setattr(subprocess, "run", run)
    assert drift.compare("dev") == (4, "text")
    assert ran == [["preview", "--stack", "dev", "--refresh", "--expect-no-changes"]]
