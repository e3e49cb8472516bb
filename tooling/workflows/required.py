"""The one required check of a pull request: all workflows that it started have passed.

Path filters decide which workflows start, and GitHub does not report the others. Therefore this check lists the runs of
the commit; each must contain a successful job `passed`. It checks the job and not the run, since GitHub counts a run
whose jobs were all skipped as a success.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from shared.errors import Refused
from tooling.workflows.github_api import Github, WorkflowRun
from tooling.workflows.tier_workflow import PASSED
from tooling.workflows.turn import SETTLE


def require_all(
    github: Github,
    sha: str,
    *,
    patience: timedelta,
    say: Callable[[str], None],
    poll_seconds: float = 20.0,
    settle: timedelta = SETTLE,
) -> list[str]:
    """Waits for every other run of the pull request's commit and returns their files.

    Raises:
        Refused: `checks-failed`, `checks-unfinished`.
        PlatformError: GitHub does not respond.
    """
    own = github.own_run()
    deadline = time.monotonic() + patience.total_seconds()
    said = ""
    while True:
        runs = _latest(run for run in github.runs_of_pull_request(sha) if run.path != own.path)
        running = sorted(run.path for run in runs if run.status != "completed")
        failed = sorted(run.path for run in runs if run.status == "completed" and not _passed(github, run))
        if failed:
            raise Refused(
                "checks-failed",
                f"{', '.join(failed)} did not pass: a job failed, was cancelled or was skipped",
                at=f"commit {sha[:12]}",
                hint="check the jobs before `passed` in that workflow",
            )
        if not running and datetime.now(UTC) - own.created_at >= settle:
            return sorted(run.path for run in runs)
        if time.monotonic() >= deadline:
            raise Refused(
                "checks-unfinished",
                f"{', '.join(running)} did not finish in time",
                at=f"commit {sha[:12]}",
                hint="run this job again once they have finished",
            )
        waiting = f"waiting for {', '.join(running) or 'runs to start'}"
        if waiting != said:
            say(waiting)
            said = waiting
        time.sleep(poll_seconds)


def _latest(runs: Iterable[WorkflowRun]) -> list[WorkflowRun]:
    """One run per workflow: the newest, since a commit can start a workflow twice."""
    latest: dict[str, WorkflowRun] = {}
    for run in runs:
        if run.path not in latest or run.number > latest[run.path].number:
            latest[run.path] = run
    return list(latest.values())


def _passed(github: Github, run: WorkflowRun) -> bool:
    job = github.jobs(run).get(PASSED)
    return job is not None and job.conclusion == "success"
