"""The workflows that belong to no tier: tests of everything, the one required check, the weekly comparison."""

from __future__ import annotations

from typing import Any

from tooling.workflows.path_filters import TOOLING
from tooling.workflows.steps import (
    HOSTED,
    NEEDS_PASSED,
    PROMOTION,
    RELEASED_PROGRAMS,
    checkout,
    credentials,
    engine,
    job,
    lane_binaries,
    run,
)
from tooling.workflows.tier_workflow import PASSED, PLATFORM_ACCOUNT

Workflow = dict[str, Any]

_PULL_REQUEST = "github.event_name == 'pull_request'"
_REPLACED_BY_NEWER = {
    "group": "${{ github.workflow }}-${{ github.event.pull_request.number || github.run_id }}",
    "cancel-in-progress": f"${{{{ {_PULL_REQUEST} }}}}",
}


def tooling_workflow() -> Workflow:
    """CI on a clean clone: the complete test command of the README."""
    tests = job(
        "make test",
        [checkout(), *lane_binaries(), run("Style, types, unit tests, plug-ins, the chain", "make test")],
        minutes=60,  # usually 15
        env=dict(RELEASED_PROGRAMS),
    )
    generated = job("generated files", [checkout(), run("Up to date", "make verify-generated")], minutes=10)
    passed = job(
        PASSED,
        [
            run("Every job has to have passed; skipped is not passed", "exit 1", when=NEEDS_PASSED),
            run("All passed", "echo 'every job passed'"),
        ],
        minutes=5,
        when="always()",
        needs=["test", "generated"],
    )
    return {
        "name": "tooling",
        "on": {
            "pull_request": {"paths": list(TOOLING)},
            "push": {"branches": ["main"], "paths": list(TOOLING)},
            "schedule": [{"cron": "17 3 * * 6"}],
            "workflow_dispatch": None,
        },
        "permissions": {},
        "concurrency": dict(_REPLACED_BY_NEWER),
        "jobs": {"test": tests, "generated": generated, PASSED: passed},
    }


def pull_request_workflow() -> Workflow:
    """The one required check of a pull request. A workflow whose path filter does not match reports nothing, and a
    required check that reports nothing stays pending forever."""
    required = job(
        "required",
        [
            checkout(),
            run(
                "Every workflow of this commit has passed",
                "make ci-required WAIT_MINUTES=100",
                GITHUB_TOKEN="${{ github.token }}",  # noqa: S106  an expression
                HEAD_SHA="${{ github.event.pull_request.head.sha }}",
            ),
        ],
        minutes=110,
        permissions={"actions": "read"},
    )
    return {
        "name": "pull-request",
        "on": {"pull_request": None},
        "permissions": {},
        "concurrency": dict(_REPLACED_BY_NEWER),
        "jobs": {"required": required},
    }


def drift_workflow() -> Workflow:
    """The weekly drift check against main: one issue per environment, closed when there is no drift any more."""
    jobs = {
        f"drift-{environment}": job(
            f"drift {environment}",
            [
                checkout(),
                engine(),
                credentials("${{ vars.DRIFT_ROLE_ARN }}", environment),
                run("Copy the states, so that nothing can be written to them", f"make ci-states STACK={environment}"),
                run(
                    "Compare, and open, update or close the issue",
                    f"make ci-drift STACK={environment}",
                    GITHUB_TOKEN="${{ github.token }}",  # noqa: S106  an expression
                ),
            ],
            minutes=60,  # usually 5
            permissions={"id-token": "write", "issues": "write"},
            runs_on=HOSTED,
            when=f"contains(fromJSON(vars.DEPLOY_TO || '[]'), '{environment}')",
            environment=f"{environment}-drift",
            # In the group of deployments: a check during an `up` would report differences that are only temporary.
            concurrency={"group": f"deploy-{environment}", "cancel-in-progress": False, "queue": "max"},
            env=dict(PLATFORM_ACCOUNT),
        )
        for environment in PROMOTION
    }
    return {
        "name": "drift",
        "on": {"schedule": [{"cron": "43 4 * * 1"}], "workflow_dispatch": None},
        "permissions": {},
        "jobs": jobs,
    }
