"""Shows a preview's output on GitHub: in a job's summary, and in one comment of the pull request that is kept up to
date. The output of `tiers` contains no secret values: the engine masks them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from shared.errors import BadInput
from tooling.workflows.github_api import Github

LONGEST = 60_000
"""GitHub limits a comment to 65,536 characters. Of a longer report the end is kept, which has the summary."""

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def marker(title: str) -> str:
    return f"<!-- preview: {title} -->"


def body(title: str, text: str, *, commit: str) -> str:
    """Markdown: the marker that identifies the comment, title, commit, and the report as plain text."""
    text = _ESCAPES.sub("", text).strip()
    cut = len(text) > LONGEST
    shown = text[-LONGEST:] if cut else text
    # A fence longer than any in the text, so that no line of it can end the block.
    longest = max((len(ticks) for ticks in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    note = f"\nThe first {len(text) - LONGEST} characters are left out; the job's log has them.\n" if cut else ""
    of = f" at {commit[:12]}" if commit else ""
    return f"{marker(title)}\n### Preview: {title}{of}\n{note}\n{fence}text\n{shown}\n{fence}\n"


def read_report(path: Path) -> str:
    """The report, or a text that there is none because an earlier step failed."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else "The preview did not start."


def post(github: Github, number: int, title: str, text: str) -> str:
    """Creates the comment or updates the existing one; returns `created` or `updated`.

    Only a comment by a bot is updated, since anybody can write the marker.
    """
    for comment in github.pages(f"issues/{number}/comments"):
        if comment["user"]["type"] == "Bot" and comment["body"].startswith(marker(title)):
            github.call("PATCH", f"issues/comments/{comment['id']}", body={"body": text})
            return "updated"
    github.call("POST", f"issues/{number}/comments", body={"body": text})
    return "created"


def pull_request() -> tuple[int, str]:
    """Number and head commit of the pull request that started this job.

    Raises:
        BadInput: `not-a-pull-request`.
    """
    path = os.environ.get("GITHUB_EVENT_PATH", "")
    event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    if "pull_request" not in event:
        raise BadInput(
            "not-a-pull-request",
            "this job was not started by a pull request",
            at="GITHUB_EVENT_PATH",
            hint="run it in a job of GitHub Actions, on `pull_request`",
        )
    return event["pull_request"]["number"], event["pull_request"]["head"]["sha"]
