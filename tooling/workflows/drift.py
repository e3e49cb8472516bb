"""The weekly drift check against main: it opens, updates and closes one issue per environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from shared.errors import ExitCode
from tooling.paths import REPOSITORY
from tooling.workflows.github_api import Github
from tooling.workflows.reports import body


def compare(environment: str) -> tuple[int, str]:
    """Exit code and text of `tiers preview --refresh --expect-no-changes`."""
    command = [
        str(Path(sys.executable).parent / "tiers"),
        "preview",
        *("--stack", environment, "--refresh", "--expect-no-changes"),
    ]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def title(environment: str) -> str:
    return f"Drift in {environment}"


def record(github: Github, environment: str, code: int, text: str, *, commit: str) -> str:
    """Updates the environment's issue; returns `opened`, `updated`, `closed`, `clean`, or `failed`.

    A check that did not complete shows nothing about drift: the issue does not change, and the job fails.
    """
    if code not in (ExitCode.DONE, ExitCode.CHANGES_FOUND):
        return "failed"
    issue = _open_issue(github, environment)
    if code == ExitCode.DONE:
        if issue is None:
            return "clean"
        number = issue["number"]
        github.call("POST", f"issues/{number}/comments", body={"body": f"No drift at {commit[:12]}."})
        github.call("PATCH", f"issues/{number}", body={"state": "closed", "state_reason": "completed"})
        return "closed"
    content = body(title(environment), text, commit=commit) + _WHAT_TO_DO.format(environment=environment)
    if issue is None:
        github.call("POST", "issues", body={"title": title(environment), "body": content})
        return "opened"
    github.call("PATCH", f"issues/{issue['number']}", body={"body": content})
    return "updated"


_WHAT_TO_DO = """
Resources of the stacks were changed outside of them, or main contains changes that were not deployed.
`make preview STACK={environment}` shows the differences; `make up STACK={environment}` reverts them. To keep a change,
add it to main. The next weekly check without differences closes this issue.
"""


def _open_issue(github: Github, environment: str) -> dict[str, Any] | None:
    """The issue opened by this check, not one that a user gave the same title."""
    mine = {"state": "open", "creator": "github-actions[bot]"}
    return next((issue for issue in github.pages("issues", mine) if issue["title"] == title(environment)), None)
