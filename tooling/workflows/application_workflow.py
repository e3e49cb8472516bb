"""The workflow that deploys one application: only when it changes, and with the rights of its tenant.

Each application has its own, so that a path filter decides whether it runs, and a job has one tenant. Its jobs run in
GitHub environments that belong to the tenant, such as `dev.tenant-a`, since the name is part of the subject that the
tenant's CI role trusts. docs/decisions/0027-pipelines-of-tenants.md.
"""

from __future__ import annotations

from typing import Any

from shared.iam import ci_subject
from tooling.runner.graph import StackId, environment_graph
from tooling.runner.tiers_file import Tier
from tooling.workflows.path_filters import application_paths, application_workflow_name
from tooling.workflows.steps import HOSTED, PROMOTION, Job, Step, checkout, credentials, engine, job, run, when_all
from tooling.workflows.tier_workflow import (
    PLATFORM_ACCOUNT,
    REPORT,
    check_job,
    deploys_to,
    local_directory,
    up_job_name,
)

Workflow = dict[str, Any]

_ROLE = "${{ vars.CI_ROLE_ARN }}"


def application_workflows(tier: Tier) -> list[Workflow]:
    """One per application in the repository that has a tenant in any environment of the promotion."""
    stacks: dict[str, list[StackId]] = {}
    for environment in PROMOTION:
        for stack in environment_graph(environment):
            if stack.tier == tier.name:
                stacks.setdefault(stack.project, []).append(stack)
    return [application_workflow(found) for _, found in sorted(stacks.items())]


def application_workflow(stacks: list[StackId]) -> Workflow:
    """Args:
    stacks: of one application, in the order of promotion.
    """
    first = stacks[0]
    jobs: dict[str, Job] = {
        "check": check_job(),
        "unit": job(
            "unit tests",
            [checkout(), run("Unit tests", f"make test-unit IN='shared {first.directory}'")],
            minutes=20,
        ),
        "wait": job(
            "wait for the tiers above",
            [
                checkout(),
                run(
                    f"Wait for their up in {first.environment}, of this commit and of those before it",
                    f"make ci-turn TIER={first.tier} APP={first.project} STACK={first.environment} WAIT_MINUTES=90",
                    GITHUB_TOKEN="${{ github.token }}",  # noqa: S106  an expression
                ),
            ],
            minutes=100,
            permissions={"actions": "read"},
            needs=["check", "unit"],
            when=deploys_to(first.environment),
        ),
    }
    builds = (first.path / "service").is_dir()
    before, condition = "wait", deploys_to(first.environment)
    if builds:
        jobs["image"] = _image(first, condition)
        before = "image"
    for index, stack in enumerate(stacks):
        jobs[f"up-{stack.environment}"] = _up(stack, needs=before, when=condition, builds=builds, is_first=index == 0)
        before = f"up-{stack.environment}"
        if index + 1 < len(stacks):
            condition = f"needs.{before}.outputs.deployed == 'true' && {deploys_to(stacks[index + 1].environment)}"
    return {
        "name": application_workflow_name(first.project),
        "on": {"push": {"branches": ["main"], "paths": application_paths(first)}},
        "permissions": {},
        "concurrency": {
            "group": f"{application_workflow_name(first.project)}-${{{{ github.run_id }}}}",
            "cancel-in-progress": False,
        },
        "jobs": jobs,
    }


def github_environment(stack: StackId) -> str:
    """The tenant's GitHub environment, such as `dev.tenant-a`."""
    return ci_subject(stack.environment, stack.tenant).partition(":")[2]


def _image(stack: StackId, when: str) -> Job:
    """Builds the image in a job of its own: a build takes longer than the place of a deployment should be held."""
    return job(
        "image",
        [checkout(), credentials(_ROLE, stack.environment), _publish(stack)],
        minutes=40,  # usually 3; longer where nothing is cached
        permissions={"id-token": "write"},
        needs=["wait"],
        when=when,
        environment=github_environment(stack),
        env=dict(PLATFORM_ACCOUNT),
        outputs={"digest": "${{ steps.image.outputs.digest }}"},
    )


def _up(stack: StackId, *, needs: str, when: str, builds: bool, is_first: bool) -> Job:
    of = f"STACK={stack.environment} APP={stack.project}"
    turn = run(
        "Whose turn it is: the tiers above are done, and no newer commit was deployed",
        f"make ci-turn TIER={stack.tier} {of} WAIT_MINUTES=0",
        GITHUB_TOKEN="${{ github.token }}",  # noqa: S106  an expression
    )
    deploy: list[Step] = [engine(), credentials(_ROLE, stack.environment)]
    if builds and not is_first:
        deploy.append(_publish(stack))
    if builds:
        digest = "needs.image.outputs.digest" if is_first else "steps.image.outputs.digest"
        deploy.append(run("Select the image", f"make ci-select-image {of}", DIGEST=f"${{{{ {digest} }}}}"))
    deploy += [
        run(
            "Preview, which refuses a contract that is too old before anything is touched",
            f"make {stack.tier}-preview {of} 2>&1 | tee {REPORT}\n"
            f"make ci-summary REPORT={REPORT} TITLE='{stack.project} in {stack.environment}'",
        ),
        run("Up", f"make {stack.tier}-up {of} YES=1"),
    ]
    return job(
        up_job_name(stack.environment),
        [
            checkout(),
            local_directory(),
            {**turn, "id": "turn"},
            *when_all(deploy, "steps.turn.outputs.proceed == 'true'"),
        ],
        minutes=60,
        permissions={"actions": "read", "id-token": "write"},
        runs_on=HOSTED,
        needs=[needs],
        when=when,
        environment=github_environment(stack),
        # Of this application alone: another team's approval that is not given would otherwise keep it waiting.
        concurrency={
            "group": f"deploy-{stack.environment}-{stack.project}",
            "cancel-in-progress": False,
            "queue": "max",
        },
        env=dict(PLATFORM_ACCOUNT),
        outputs={"deployed": "${{ steps.turn.outputs.proceed }}"},
    )


def _publish(stack: StackId) -> Step:
    """The step `image`: its output `digest` is what is deployed."""
    step = run(
        "Build the image, or find the one of this tree; later environments get a copy",
        f"make image STACK={stack.environment} APP={stack.project}",
    )
    return {"name": step["name"], "id": "image", **{key: value for key, value in step.items() if key != "name"}}
