"""The workflow of one tier: checks and previews on a pull request; on main, `up` from environment to environment.
Applications are deployed by workflows of their own.

Two things are kept apart. *Waiting* for the tiers above happens in a job of its own, before the job that holds the
environment's only place: a job that waited inside would keep those out that it waits for. And a pull request's code
gets the role that reads, or none: deploying takes a token of a GitHub environment, which pull requests do not get.
"""

from __future__ import annotations

from typing import Any

from tooling.runner.tiers_file import Tier
from tooling.workflows.path_filters import tier_paths
from tooling.workflows.steps import (
    HOSTED,
    NEEDS_PASSED,
    PREVIEWED,
    PROMOTION,
    RELEASED_PROGRAMS,
    Job,
    Step,
    checkout,
    credentials,
    engine,
    job,
    lane_binaries,
    run,
    when_all,
)

Workflow = dict[str, Any]

PASSED = "passed"
"""The job that depends on all of a pull request's jobs; `required` checks it."""

_PULL_REQUEST = "github.event_name == 'pull_request'"
_OWN_REPOSITORY = f"{_PULL_REQUEST} && github.event.pull_request.head.repo.full_name == github.repository"
REPORT = ".local/preview.txt"

PLATFORM_ACCOUNT = {"PLATFORM_ACCOUNT_ID": "${{ vars.PLATFORM_ACCOUNT_ID }}"}


def tier_workflow(tier: Tier) -> Workflow:
    paths = tier_paths(tier)
    previews_environment = not tier.reads
    jobs: dict[str, Job] = {
        "check": check_job(),
        "unit": job(
            "unit tests",
            [checkout(), run("Unit tests", f"make test-unit IN='shared {tier.directory}'")],
            minutes=20,
        ),
        "lane-preview": _lane_preview(tier),
    }
    if previews_environment:
        jobs["preview"] = _environment_preview(tier)
    checked = list(jobs)
    jobs[PASSED] = job(
        PASSED,
        [run("Every job has to have passed; skipped is not passed", "exit 1", when=NEEDS_PASSED), _all_passed()],
        minutes=5,
        when=f"always() && {_PULL_REQUEST}",
        needs=checked,
    )
    on: dict[str, Any] = {"pull_request": {"paths": paths}}
    if tier.stacks != "application":
        # Each application has a workflow of its own, which deploys it.
        on["push"] = {"branches": ["main"], "paths": paths}
        jobs |= deployments(tier, after=["check", "unit"])
    return {
        "name": tier.name,
        "on": on,
        "permissions": {},
        # A newer push to a pull request cancels the older run; runs of main are never cancelled.
        "concurrency": {
            "group": f"{tier.name}-${{{{ github.event.pull_request.number || github.run_id }}}}",
            "cancel-in-progress": f"${{{{ {_PULL_REQUEST} }}}}",
        },
        "jobs": jobs,
    }


def check_job() -> Job:
    return job(
        "check",
        # A tenant's file or an application's project may change who owns what, and `tooling` does not run then.
        [checkout(), run("Style and types", "make check"), run("Code owners", "make verify-workflows")],
        minutes=10,
    )


def deployments(tier: Tier, *, after: list[str]) -> dict[str, Job]:
    """`up` in each environment, after the one before it."""
    jobs = {
        "wait": job(
            "wait for the tiers above",
            [
                checkout(),
                run(
                    f"Wait for their up in {PROMOTION[0]}, of this commit and of those before it",
                    f"make ci-turn TIER={tier.name} STACK={PROMOTION[0]} WAIT_MINUTES=90",
                    GITHUB_TOKEN="${{ github.token }}",  # noqa: S106  an expression
                ),
            ],
            minutes=100,
            permissions={"actions": "read"},
            needs=after,
            when=f"github.event_name == 'push' && {deploys_to(PROMOTION[0])}",
        )
    }
    before, condition = "wait", deploys_to(PROMOTION[0])
    for environment in PROMOTION:
        jobs[f"up-{environment}"] = _up(tier, environment, needs=before, when=condition)
        before = f"up-{environment}"
        following = PROMOTION[PROMOTION.index(environment) + 1 :]
        if following:
            condition = f"needs.{before}.outputs.deployed == 'true' && {deploys_to(following[0])}"
    return jobs


def _up(tier: Tier, environment: str, *, needs: str, when: str) -> Job:
    turn = run(
        "Whose turn it is: the tiers above are done, and no newer commit was deployed",
        f"make ci-turn TIER={tier.name} STACK={environment} WAIT_MINUTES=0",
        GITHUB_TOKEN="${{ github.token }}",  # noqa: S106  an expression
    )
    deploy = [
        engine(),
        credentials("${{ vars.DEPLOY_ROLE_ARN }}", environment, seconds=7200),
        run(
            "Preview, which refuses a contract that is too old before anything is touched",
            f"make {tier.name}-preview STACK={environment} 2>&1 | tee {REPORT}\n"
            f"make ci-summary REPORT={REPORT} TITLE='{tier.name} in {environment}'",
        ),
        run("Up", f"make {tier.name}-up STACK={environment} YES=1"),
    ]
    return job(
        up_job_name(environment),
        [
            checkout(),
            local_directory(),
            {**turn, "id": "turn"},
            *when_all(deploy, "steps.turn.outputs.proceed == 'true'"),
        ],
        minutes=110,
        permissions={"actions": "read", "id-token": "write"},
        runs_on=HOSTED,
        needs=[needs],
        when=when,
        environment=environment,
        # One group per environment, for all tiers. `queue: max` keeps all waiting jobs; otherwise GitHub keeps only the
        # newest, and a tier's up would be lost. Never cancelled: a killed engine leaves its state partly written.
        concurrency={"group": f"deploy-{environment}", "cancel-in-progress": False, "queue": "max"},
        env=dict(PLATFORM_ACCOUNT),
        outputs={"deployed": "${{ steps.turn.outputs.proceed }}"},
    )


def up_job_name(environment: str) -> str:
    return f"up {environment}"


def _lane_preview(tier: Tier) -> Job:
    """Previews the change against the chain of main, on a real API server with server-side dry runs."""
    steps: list[Step] = [
        checkout(fetch_depth=2),
        *lane_binaries(),
        run(
            "Deploy the chain of main on the local lane",
            'git checkout --quiet HEAD^1\nmake local-up\ngit checkout --quiet "$GITHUB_SHA"',
        ),
        _preview(tier, "local"),
        *_report(tier, "local"),
        run("Stop the lane", "make local-down", when="always()"),
    ]
    return job(
        "preview on the local lane",
        steps,
        minutes=45,  # usually 5
        env=dict(RELEASED_PROGRAMS),
        permissions={"pull-requests": "write"},
        when=_PULL_REQUEST,
    )


def _environment_preview(tier: Tier) -> Job:
    """Previews the change against the environment. Without credentials, as for a fork, it reports that instead of an
    empty preview."""
    steps = [
        engine(),
        credentials("${{ vars.PREVIEW_ROLE_ARN }}", PREVIEWED),
        run("Copy the states, so that nothing can be written to them", f"make ci-states STACK={PREVIEWED}"),
        _preview(tier, PREVIEWED),
        *_report(tier, PREVIEWED),
    ]
    missing = "No preview: a pull request from a fork gets no credentials, or PREVIEW_ROLE_ARN is not set"
    return job(
        f"preview in {PREVIEWED}",
        [
            checkout(),
            *when_all(steps, "env.CREDENTIALS == 'true'"),
            run("Say that there is none", f'echo "::notice::{missing}"', when="env.CREDENTIALS != 'true'"),
        ],
        minutes=20,  # usually 3
        permissions={"id-token": "write", "pull-requests": "write"},
        runs_on=f"${{{{ {_OWN_REPOSITORY} && vars.RUNNER_LABEL || 'ubuntu-24.04' }}}}",
        when=_PULL_REQUEST,
        env={**PLATFORM_ACCOUNT, "CREDENTIALS": f"${{{{ {_OWN_REPOSITORY} && vars.PREVIEW_ROLE_ARN != '' }}}}"},
    )


def _preview(tier: Tier, environment: str) -> Step:
    command = f"mkdir -p .local\nmake {tier.name}-preview STACK={environment} 2>&1 | tee {REPORT}"
    return run(f"Preview in {environment}", command, NO_COLOR="1")


def _report(tier: Tier, environment: str) -> list[Step]:
    title = f"{tier.name} in {environment}"
    return [
        run("Show it in the summary", f"make ci-summary REPORT={REPORT} TITLE='{title}'", when="!cancelled()"),
        run(
            "Show it as a comment, the one that is there already",
            f"make ci-comment REPORT={REPORT} TITLE='{title}'",
            when=f"!cancelled() && {_OWN_REPOSITORY}",
            GITHUB_TOKEN="${{ github.token }}",  # noqa: S106  an expression
        ),
    ]


def _all_passed() -> Step:
    return run("All passed", "echo 'every job of this pull request passed'")


def local_directory() -> Step:
    return run("Make the directory for reports", "mkdir -p .local")


def deploys_to(environment: str) -> str:
    """Deploys nowhere until the repository's variable DEPLOY_TO is set, so that a new clone on GitHub does not fail."""
    return f"contains(fromJSON(vars.DEPLOY_TO || '[]'), '{environment}')"
