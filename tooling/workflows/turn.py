"""Decides whether a tier's `up` of one commit may start in an environment.

Workflows of several directories run in parallel on one commit, and commits overtake each other: a commit that changes
only tenants is tested sooner than the one before it, which changes the cluster. Therefore a tier's `up` requires that

- the tiers above it have succeeded on the same commit; if one failed, this `up` is refused;
- the tiers above it have finished on earlier commits. A failure there is only a warning: the version of the contract
  tells whether the tier can work with what is deployed;
- no newer commit of its own tier has been deployed: this one would revert it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import networkx

from shared.errors import Refused
from tooling.runner.tiers_file import load_tiers
from tooling.workflows.github_api import Github, WorkflowRun
from tooling.workflows.path_filters import application_workflow_name
from tooling.workflows.tier_workflow import up_job_name

SETTLE = timedelta(seconds=90)
"""How long after its own start a run expects others of the same push to appear. GitHub starts them together, and does
not report those whose path filter does not match. An estimate."""


class State(StrEnum):
    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class UpstreamTier:
    """The state of the `up` of a tier above."""

    tier: str
    state: State
    of_this_commit: bool
    job_status: str = ""


class Turn(StrEnum):
    PROCEED = "proceed"
    SUPERSEDED = "superseded"


def tiers_above(tier: str) -> list[str]:
    """The tiers that `tier` depends on, nearest last."""
    graph = networkx.DiGraph([(read, one.name) for one in load_tiers().tiers for read in one.reads])
    above = networkx.ancestors(graph, tier) if tier in graph else set()
    return [one.name for one in load_tiers().tiers if one.name in above]


def wait_for_turn(
    github: Github,
    tier: str,
    environment: str,
    *,
    patience: timedelta,
    say: Callable[[str], None],
    application: str = "",
    poll_seconds: float = 20.0,
    settle: timedelta = SETTLE,
) -> Turn:
    """Returns once `tier` may be deployed to `environment`, or a newer commit has superseded this one.

    Args:
        patience: how long to wait for unfinished tiers; zero if waiting would block other jobs.
        application: the one that is deployed, in a tier of applications: each has its own workflow.

    Raises:
        Refused: `upstream-failed`, `upstream-unfinished`.
        PlatformError: GitHub does not respond.
    """
    load_tiers().tier(tier)
    own = github.own_run()
    workflow = application_workflow_name(application) if application else tier
    deadline = time.monotonic() + patience.total_seconds()
    said = ""
    while True:
        if newer := _newer(github, own, workflow, environment):
            say(f"the newer commit {newer.sha[:12]} has been deployed to {environment}: nothing to do")
            return Turn.SUPERSEDED
        states = [_state(github, own, upper, environment) for upper in tiers_above(tier)]
        for upper in states:
            if upper.state is State.FAILED and upper.of_this_commit:
                raise _failed(upper, own, environment)
        pending = [upper for upper in states if upper.state is State.PENDING]
        # Runs of one push appear shortly after one another.
        young = patience > timedelta(0) and tiers_above(tier) and datetime.now(UTC) - own.created_at < settle
        if not pending and not young:
            for upper in states:
                if upper.state is State.FAILED:
                    say(f"the last up of {upper.tier} in {environment}, on an earlier commit, failed; continuing")
            return Turn.PROCEED
        if time.monotonic() >= deadline and pending:
            raise _unfinished(pending[0], own, environment)
        waiting = "waiting for " + (", ".join(f"{upper.tier} ({upper.job_status})" for upper in pending) or "runs")
        if waiting != said:
            say(waiting)
            said = waiting
        time.sleep(poll_seconds)


def _newer(github: Github, own: WorkflowRun, workflow: str, environment: str) -> WorkflowRun | None:
    """A run of the same workflow for a later push whose `up` has at least started."""
    for run in github.runs_of_main(f"{workflow}.yml"):
        if run.number <= own.number:
            return None
        job = github.jobs(run).get(up_job_name(environment))
        if job and (job.status == "in_progress" or job.conclusion in ("success", "failure", "timed_out")):
            return run
    return None


def _state(github: Github, own: WorkflowRun, tier: str, environment: str) -> UpstreamTier:
    """State of the tier's latest run on this commit or an earlier one."""
    runs = github.runs_of_main(f"{tier}.yml")
    run = next((run for run in runs if run.sha == own.sha), None)
    if run is None:
        run = next((run for run in runs if run.created_at <= own.created_at), None)
    if run is None:
        return UpstreamTier(tier=tier, state=State.DONE, of_this_commit=False)
    ours = run.sha == own.sha
    job = github.jobs(run).get(up_job_name(environment))
    if job is not None and job.conclusion == "success":
        return UpstreamTier(tier=tier, state=State.DONE, of_this_commit=ours)
    if run.status != "completed" and (job is None or job.status != "completed"):
        return UpstreamTier(
            tier=tier, state=State.PENDING, of_this_commit=ours, job_status=job.status if job else run.status
        )
    # Skipped in a successful run: the tier is not deployed there, or a newer commit superseded it.
    well = run.conclusion == "success" and (job is None or job.conclusion == "skipped")
    return UpstreamTier(tier=tier, state=State.DONE if well else State.FAILED, of_this_commit=ours)


def _failed(upper: UpstreamTier, own: WorkflowRun, environment: str) -> Refused:
    return Refused(
        "upstream-failed",
        f"the up of {upper.tier} in {environment} failed on this commit",
        at=f"commit {own.sha[:12]}",
        hint=f"fix it, then run the failed jobs of workflow {upper.tier} again, then those of this one",
    )


def _unfinished(upper: UpstreamTier, own: WorkflowRun, environment: str) -> Refused:
    approval = upper.job_status == "waiting"
    return Refused(
        "upstream-unfinished",
        f"the up of {upper.tier} in {environment} "
        + ("waits for approval" if approval else f"is not finished ({upper.job_status})"),
        at=f"commit {own.sha[:12]}" if upper.of_this_commit else f"a commit before {own.sha[:12]}",
        hint=f"{'approve' if approval else 'wait for'} workflow {upper.tier}, then run this job again",
    )
