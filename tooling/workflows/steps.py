"""Steps and jobs that several workflows share, as data for YAML."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from shared.environment import load_environment
from shared.environment_variables import TIERS_PROGRAMS
from tooling.lane.program_choice import Programs
from tooling.workflows.actions import AWS_CREDENTIALS, CACHE, CHECKOUT, PULUMI, Action

Step = dict[str, Any]
Job = dict[str, Any]

PROMOTION = ("dev", "staging", "prod")
"""Environments in order of promotion; a test compares them with shared/environments."""

PREVIEWED = PROMOTION[0]
"""The environment that pull requests are compared with."""

HOSTED = "${{ vars.RUNNER_LABEL || 'ubuntu-24.04' }}"
"""Runners of jobs that need AWS or the cluster; the variable names one inside the VPC where the endpoint is private."""

PUBLIC = "ubuntu-24.04"
"""Runners of jobs that need neither."""

RELEASED_PROGRAMS = {TIERS_PROGRAMS.name: Programs.RELEASE.value}
"""Environment of jobs with a local lane: its programs are downloaded, not compiled."""

NEEDS_PASSED = (
    "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled') "
    "|| contains(needs.*.result, 'skipped')"
)


def uses(action: Action, name: str = "", **with_: Any) -> Step:
    step: Step = {"name": name} if name else {}
    step["uses"] = action.uses
    if with_:
        step["with"] = {key.replace("_", "-"): value for key, value in with_.items()}
    return step


def checkout(*, fetch_depth: int = 1) -> Step:
    return uses(CHECKOUT, fetch_depth=fetch_depth, persist_credentials=False)


def run(name: str, command: str, *, when: str = "", **env: str) -> Step:
    step: Step = {"name": name}
    if when:
        step["if"] = when
    if env:
        step["env"] = env
    # With an explicit `bash`, GitHub adds `pipefail`, so that a preview that fails before `tee` fails the step.
    return {**step, "shell": "bash", "run": command}


def lane_binaries() -> list[Step]:
    """The lane's programs, and those of the tests, which Go builds. The key changes with what they are built from and
    with the runner's Go: an existing cache is never overwritten, so it would be useless after an update."""
    pins = "${{ hashFiles('tooling/binaries/**', 'shared/versions.py') }}"
    key = f"lane-${{{{ runner.os }}}}-${{{{ runner.arch }}}}-${{{{ steps.go.outputs.version }}}}-{pins}"
    return [
        {**run("Which Go", 'echo "version=$(go env GOVERSION)" >> "$GITHUB_OUTPUT"'), "id": "go"},
        uses(CACHE, "Keep the lane's programs", path="~/.cache/eks-platform/bin", key=key),
    ]


def engine() -> Step:
    """The released engine, which fetches the released plug-ins: those of the SDKs in requirements.lock."""
    return uses(PULUMI, "Install the Pulumi CLI", pulumi_version=importlib.metadata.version("pulumi"))


def credentials(role: str, environment: str, *, seconds: int = 3600) -> Step:
    """Exchanges the job's token for a role's credentials; none are stored."""
    return uses(
        AWS_CREDENTIALS,
        "Sign in to AWS",
        role_to_assume=role,
        aws_region=load_environment(environment).region,
        role_duration_seconds=seconds,
    )


def when_all(steps: list[Step], condition: str) -> list[Step]:
    """`steps`, each only under `condition`, besides its own."""
    return [
        {
            "name": step["name"],
            "if": f"{step['if']} && {condition}" if "if" in step else condition,
            **{key: value for key, value in step.items() if key not in ("name", "if")},
        }
        for step in steps
    ]


def job(name: str, steps: list[Step], *, minutes: int, **rest: Any) -> Job:
    """A job with its time limit; without `permissions` it may only read the code."""
    permissions = {"contents": "read", **rest.pop("permissions", {})}
    runner = rest.pop("runs_on", PUBLIC)
    condition = {"if": rest.pop("when")} if "when" in rest else {}
    rest = {key.replace("_", "-"): value for key, value in rest.items()}
    return {
        "name": name,
        **condition,
        "runs-on": runner,
        "timeout-minutes": minutes,
        "permissions": permissions,
        **rest,
        "steps": steps,
    }
