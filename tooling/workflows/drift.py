"""The weekly comparison of what exists with main: one issue an environment, opened, updated and closed by it."""

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
    """Brings the environment's issue to what was found: `opened`, `updated`, `closed`, `clean`, or `failed`.

    A comparison that did not come to an end says nothing of drift: the issue stays as it is, and the job fails.
    """
    if code not in (ExitCode.DONE, ExitCode.CHANGES_FOUND):
        return "failed"
    issue = _open_issue(github, environment)
    if code == ExitCode.DONE:
        if issue is None:
            return "clean"
        number = issue["number"]
        github.call("POST", f"issues/{number}/comments", body={"body": f"Nothing differs at {commit[:12]}."})
        github.call("PATCH", f"issues/{number}", body={"state": "closed", "state_reason": "completed"})
        return "closed"
    content = body(title(environment), text, commit=commit) + _WHAT_TO_DO.format(environment=environment)
    if issue is None:
        github.call("POST", "issues", body={"title": title(environment), "body": content})
        return "opened"
    github.call("PATCH", f"issues/{issue['number']}", body={"body": content})
    return "updated"


_WHAT_TO_DO = """
Somebody changed what the stacks own, or main holds what was never deployed. `make preview STACK={environment}` shows it
again; `make up STACK={environment}` takes it back; a change that is meant to stay belongs into main. This issue is
closed by the first weekly comparison that finds nothing.
"""


def _open_issue(github: Github, environment: str) -> dict[str, Any] | None:
    """Ours, not one that a person gave the same title."""
    mine = {"state": "open", "creator": "github-actions[bot]"}
    return next((issue for issue in github.pages("issues", mine) if issue["title"] == title(environment)), None)
