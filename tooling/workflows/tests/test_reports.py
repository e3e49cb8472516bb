"""A preview on GitHub: one comment that is kept up to date, whose text can neither break out nor grow too long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tooling.workflows import reports
from tooling.workflows.__main__ import app
from tooling.workflows.tests.conftest import TOKEN, FakeGithub

TITLE = "tenants in dev"


@pytest.fixture
def job(github: FakeGithub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The variables of a job that pull request 7 started; returns the job's summary file."""
    event = {"pull_request": {"number": 7, "head": {"sha": "abcdef0123456789"}}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    summary = tmp_path / "summary.md"
    for name, value in {
        "GITHUB_REPOSITORY": "example/platform",
        "GITHUB_RUN_ID": "1001",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_API_URL": github.url,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_STEP_SUMMARY": str(summary),
    }.items():
        monkeypatch.setenv(name, value)
    return summary


def comment(report: Path) -> None:
    done = CliRunner().invoke(app, ["comment", "--report", str(report), "--title", TITLE], catch_exceptions=False)
    assert done.exit_code == 0


def test_a_second_push_changes_the_comment_of_the_first(github: FakeGithub, job: Path, tmp_path: Path) -> None:
    report = tmp_path / "preview.txt"
    for text in ("+ create a", "~ update b"):
        report.write_text(text)
        comment(report)
    (only,) = github.comments
    assert only["on"] == "issues/7/comments"
    assert only["body"] == (
        "<!-- preview: tenants in dev -->\n### Preview: tenants in dev at abcdef012345\n\n```text\n~ update b\n```\n"
    )


def test_each_preview_has_a_comment_of_its_own(github: FakeGithub) -> None:
    for title in ("tenants in dev", "tenants in local", "tenants in dev"):
        reports.post(github.client(), 7, title, reports.body(title, "x", commit="a"))
    assert len(github.comments) == 2


def test_a_persons_comment_with_our_marker_is_not_taken_for_ours(github: FakeGithub) -> None:
    text = reports.body(TITLE, "x", commit="a")
    github.comments.append({"id": 1, "user": {"type": "User"}, "body": f"{reports.marker(TITLE)} hello"})
    assert reports.post(github.client(), 7, TITLE, text) == "created"
    assert github.comments[0]["body"].endswith("hello")


def test_our_comment_is_found_behind_many_others(github: FakeGithub) -> None:
    github.comments = [{"id": n, "user": {"type": "User"}, "body": "hello"} for n in range(1, 151)]
    text = reports.body(TITLE, "x", commit="a")
    assert [reports.post(github.client(), 7, TITLE, text) for _ in range(2)] == ["created", "updated"]
    assert len(github.comments) == 151


def test_a_report_cannot_end_its_own_block() -> None:
    text = reports.body(TITLE, "one\n````\n@everyone <b>\n", commit="a")
    fences = [line for line in text.splitlines() if set(line.removesuffix("text")) == {"`"}]
    assert fences == ["`````text", "````", "`````"]


def test_colours_are_left_out() -> None:
    assert "\x1b" not in reports.body(TITLE, "\x1b[32m+ create\x1b[0m", commit="a")


def test_of_a_long_report_the_end_is_kept_and_the_cut_is_told() -> None:
    text = reports.body(TITLE, "first\n" + "x" * 70_000 + "\nlast", commit="a")
    assert len(text) < 65_536
    assert "first\n" not in text
    assert "\nlast\n" not in text[:100]
    assert text.rstrip("`\n").endswith("last")
    assert "The first 10011 characters are left out" in text


def test_without_a_report_it_says_that_the_preview_did_not_begin(github: FakeGithub, job: Path, tmp_path: Path) -> None:
    comment(tmp_path / "missing.txt")
    assert "The preview did not start." in github.comments[0]["body"]


def test_the_summary_shows_the_report_without_asking_github(github: FakeGithub, job: Path, tmp_path: Path) -> None:
    report = tmp_path / "preview.txt"
    report.write_text("+ create a")
    done = CliRunner().invoke(app, ["summary", "--report", str(report), "--title", TITLE], catch_exceptions=False)
    assert done.exit_code == 0
    assert "### Preview: tenants in dev\n\n```text\n+ create a\n```" in job.read_text()
    assert github.requests == []
