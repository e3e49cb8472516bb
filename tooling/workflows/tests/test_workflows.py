"""The workflows as they are in the repository: valid, pinned, without rights that a job does not need, and in order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from shared.environment import environment_names
from tooling.applications.lookup import application_names, application_stack
from tooling.cli.main import app as tiers_app
from tooling.generated.files import stale
from tooling.images.publish import app as images_app
from tooling.lane.binaries import binary, ensure
from tooling.lane.progress import progress_on
from tooling.paths import REPOSITORY
from tooling.runner.tiers_file import load_tiers
from tooling.workflows.__main__ import app as workflows_app
from tooling.workflows.actions import ACTIONS
from tooling.workflows.rendering import workflow_files
from tooling.workflows.steps import PROMOTION

DIRECTORY = REPOSITORY / ".github" / "workflows"
TIERS = [tier.name for tier in load_tiers().tiers]
DEPLOYED = [tier.name for tier in load_tiers().tiers if tier.stacks != "application"]
"""Tiers that a workflow deploys as a whole."""
APPLICATIONS = application_names()
FILES = sorted(DIRECTORY.glob("*"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)

UNKNOWN_TO_ACTIONLINT = 'unexpected key "queue" for "concurrency" section'
"""GitHub has it since May 2026, actionlint 1.7.12 is older. Goes with the first actionlint that knows it."""


def content(path: Path) -> dict[str, Any]:
    # The loader of YAML 1.1 reads the key `on` as true.
    return {("on" if key is True else key): value for key, value in yaml.safe_load(path.read_text()).items()}


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return content(path)["jobs"]


def every_job() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in FILES:
        for name, job in jobs(path).items():
            yield path.stem, name, job


def commands(path: Path) -> list[str]:
    return [line for job in jobs(path).values() for step in job["steps"] for line in step.get("run", "").splitlines()]


def test_what_is_committed_is_what_the_command_writes() -> None:
    assert stale(workflow_files()) == [], "run: make update-workflows"
    assert {str(path.relative_to(REPOSITORY)) for path in FILES} == set(workflow_files())


def test_each_tier_and_application_has_a_workflow_and_the_repository_three() -> None:
    applications = {f"application-{name}" for name in APPLICATIONS}
    assert {path.stem for path in FILES} == {*TIERS, *applications, "tooling", "pull-request", "drift"}


def test_a_commit_reaches_every_environment_but_the_lane() -> None:
    assert set(PROMOTION) == set(environment_names()) - {"local"}


@pytest.fixture(scope="module")
def actionlint() -> Path:
    ensure(progress_on(), ["actionlint"])
    return binary("actionlint")


def lint(actionlint: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    # shellcheck and pyflakes are switched off, so that the answer is the same where they are installed.
    switches = ["-shellcheck=", "-pyflakes=", "-no-color", "-oneline", "-ignore", UNKNOWN_TO_ACTIONLINT]
    return subprocess.run([str(actionlint), *switches, *map(str, paths)], capture_output=True, text=True)


def test_actionlint_finds_nothing(actionlint: Path) -> None:
    done = lint(actionlint, *FILES)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("needs.up-dev.outputs.deployed", "needs.up-deve.outputs.deployed", '"up-deve" is not defined'),
        ("actions: read", "actions: reed", "is invalid as permission of scope"),
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-9", 'label "ubuntu-9" is unknown'),
        ("github.event_name == 'pull_request'", "github.event_nam == 'pull_request'", 'property "event_nam"'),
        ("timeout-minutes", "timeout-minute", 'unexpected key "timeout-minute"'),
    ],
)
def test_actionlint_finds_what_is_wrong(actionlint: Path, tmp_path: Path, right: str, wrong: str, said: str) -> None:
    text = (DIRECTORY / "tenants.yml").read_text()
    assert right in text
    (tmp_path / "broken.yml").write_text(text.replace(right, wrong))
    done = lint(actionlint, tmp_path / "broken.yml")
    assert done.returncode == 1
    assert said in done.stdout


@each_file
def test_every_action_is_pinned_by_a_commit_of_the_table(path: Path) -> None:
    pinned = {f"{action.uses} # {action.version}" for action in ACTIONS}
    used = re.findall(r"uses: (.+)$", path.read_text(), re.MULTILINE)
    assert used
    assert set(used) <= pinned


def test_every_pin_is_whole_and_says_where_it_was_read() -> None:
    for action in ACTIONS:
        assert re.fullmatch(r"[0-9a-f]{40}", action.commit), action.name
        assert re.fullmatch(r"v\d+\.\d+\.\d+", action.version), action.name
        assert action.source.startswith("unverified: ") or ".github/workflows/" in action.source
        assert any(action.uses in path.read_text() for path in FILES), f"{action.name} is used nowhere"


@each_file
def test_no_secret_is_stored_and_no_pull_request_runs_with_the_targets_rights(path: Path) -> None:
    assert "secrets." not in path.read_text()
    assert "pull_request_target" not in content(path)["on"]
    assert "workflow_run" not in content(path)["on"]


@each_file
def test_what_people_write_on_github_never_becomes_part_of_a_command(path: Path) -> None:
    assert [line for line in commands(path) if "${{" in line] == []


WRITES = {
    "image": {"id-token"},
    "lane-preview": {"pull-requests"},
    "preview": {"id-token", "pull-requests"},
    **{f"up-{environment}": {"id-token"} for environment in PROMOTION},
    **{f"drift-{environment}": {"id-token", "issues"} for environment in PROMOTION},
}
"""All that any job may write."""


def test_a_job_has_no_right_that_it_does_not_need() -> None:
    for path in FILES:
        assert content(path)["permissions"] == {}, path.name
    for workflow, name, job in every_job():
        permissions = job["permissions"]
        assert set(permissions.values()) <= {"read", "write"}, f"{workflow} {name}"
        written = {right for right, level in permissions.items() if level == "write"}
        assert written == WRITES.get(name, set()), f"{workflow} {name}"


def test_every_job_with_a_lane_downloads_its_programs() -> None:
    with_lane = {
        (workflow, name): job.get("env", {}).get("TIERS_PROGRAMS")
        for workflow, name, job in every_job()
        if any(step.get("name") == "Keep the lane's programs" for step in job["steps"])
    }
    assert set(with_lane.values()) == {"release"}
    assert ("tooling", "test") in with_lane


def test_every_job_has_a_time_limit() -> None:
    assert all(5 <= job["timeout-minutes"] <= 110 for _, _, job in every_job())


@pytest.mark.parametrize("tier", DEPLOYED)
def test_pull_requests_get_the_role_that_reads_or_none(tier: str) -> None:
    """A job with an environment has another subject; one that deploys is reached from a push alone."""
    all_jobs = jobs(DIRECTORY / f"{tier}.yml")
    for name, job in all_jobs.items():
        text = str(job)
        assert ("DEPLOY_ROLE_ARN" in text) == name.startswith("up-"), name
        assert ("PREVIEW_ROLE_ARN" in text) == (name == "preview"), name
        assert ("environment" in job) == name.startswith("up-"), name
    assert all_jobs["wait"]["if"].startswith("github.event_name == 'push' && ")
    assert [all_jobs[f"up-{environment}"]["needs"] for environment in PROMOTION] == [
        ["wait"],
        ["up-dev"],
        ["up-staging"],
    ]
    assert ("preview" in all_jobs) == (tier == "infrastructure")


def test_a_pull_request_of_an_application_gets_no_role_at_all() -> None:
    workflow = content(DIRECTORY / "applications.yml")
    assert set(workflow["on"]) == {"pull_request"}
    assert "ROLE_ARN" not in (DIRECTORY / "applications.yml").read_text()
    assert not any("environment" in job for job in workflow["jobs"].values())


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_is_deployed_from_main_with_the_role_of_its_tenant_and_no_other(name: str) -> None:
    path = DIRECTORY / f"application-{name}.yml"
    workflow = content(path)
    assert set(workflow["on"]) == {"push"}
    assert workflow["on"]["push"]["branches"] == ["main"]
    assert set(re.findall(r"vars\.(\w+_ROLE_ARN)", path.read_text())) == {"CI_ROLE_ARN"}
    signed_in = {key: job for key, job in workflow["jobs"].items() if "ROLE_ARN" in str(job)}
    assert signed_in == {key: job for key, job in workflow["jobs"].items() if "environment" in job}
    for key, job in signed_in.items():
        environment = PROMOTION[0] if key == "image" else key.removeprefix("up-")
        assert job["environment"] == f"{environment}.{application_stack(name, environment).tenant}"


def test_no_job_of_an_application_has_a_github_environment_of_the_platform() -> None:
    applications = {f"application-{name}" for name in APPLICATIONS}
    of_tenants, of_the_platform = set(), set()
    for workflow, _, job in every_job():
        if "environment" in job:
            (of_tenants if workflow in applications else of_the_platform).add(job["environment"])
    assert of_the_platform == {*PROMOTION, *(f"{environment}-drift" for environment in PROMOTION)}
    assert of_tenants
    assert not of_tenants & of_the_platform


def test_the_demo_deploys_the_digest_that_was_built_first_and_copies_of_it_later() -> None:
    all_jobs = jobs(DIRECTORY / "application-demo.yml")
    assert [all_jobs[key]["needs"] for key in ("image", "up-dev", "up-staging", "up-prod")] == [
        ["wait"],
        ["image"],
        ["up-dev"],
        ["up-staging"],
    ]
    for environment in PROMOTION:
        job = all_jobs[f"up-{environment}"]
        steps = [(step.get("run", "").split("\n")[0], step.get("env", {})) for step in job["steps"]]
        select = steps.index(
            (
                f"make ci-select-image STACK={environment} APP=demo",
                {"DIGEST": f"${{{{ {'needs' if environment == 'dev' else 'steps'}.image.outputs.digest }}}}"},
            )
        )
        later = [command for command, _ in steps[select + 1 :]]
        assert later == [
            f"make applications-preview STACK={environment} APP=demo 2>&1 | tee .local/preview.txt",
            f"make applications-up STACK={environment} APP=demo YES=1",
        ]
        publishes = (f"make image STACK={environment} APP=demo", {}) in steps
        assert publishes == (environment != "dev")
        assert job["concurrency"]["group"] == f"deploy-{environment}-demo"
        assert job["concurrency"]["cancel-in-progress"] is False


def test_a_fork_gets_no_credentials_and_is_told_so() -> None:
    preview = jobs(DIRECTORY / "infrastructure.yml")["preview"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert own in preview["env"]["CREDENTIALS"]
    assert own in preview["runs-on"]
    for step in preview["steps"][1:-1]:
        assert "env.CREDENTIALS == 'true'" in step["if"], step["name"]
    assert preview["steps"][-1]["if"] == "env.CREDENTIALS != 'true'"


@pytest.mark.parametrize("tier", DEPLOYED)
@pytest.mark.parametrize("environment", PROMOTION)
def test_up_has_the_environments_one_place_and_is_never_cancelled(tier: str, environment: str) -> None:
    workflow = content(DIRECTORY / f"{tier}.yml")
    job = workflow["jobs"][f"up-{environment}"]
    assert job["name"] == f"up {environment}"
    assert job["environment"] == environment
    assert job["concurrency"] == {"group": f"deploy-{environment}", "cancel-in-progress": False, "queue": "max"}
    # The run as a whole is cancelled by a newer push to a pull request, and never on main.
    assert workflow["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"
    assert "github.run_id" in workflow["concurrency"]["group"]


@pytest.mark.parametrize("tier", DEPLOYED)
def test_up_asks_whose_turn_it_is_and_previews_before_it_touches_anything(tier: str) -> None:
    for environment in PROMOTION:
        steps = jobs(DIRECTORY / f"{tier}.yml")[f"up-{environment}"]["steps"]
        names = [step.get("run", step.get("uses", "")).split("\n")[0].split(" 2>")[0] for step in steps]
        assert [name.partition("@")[0] for name in names] == [
            "actions/checkout",
            "mkdir -p .local",
            f"make ci-turn TIER={tier} STACK={environment} WAIT_MINUTES=0",
            "pulumi/actions",
            "aws-actions/configure-aws-credentials",
            f"make {tier}-preview STACK={environment}",
            f"make {tier}-up STACK={environment} YES=1",
        ]
        assert all(step["if"] == "steps.turn.outputs.proceed == 'true'" for step in steps[3:])


@pytest.mark.parametrize("workflow", [*TIERS, "tooling"])
def test_passed_needs_every_job_of_a_pull_request_and_takes_skipped_for_failed(workflow: str) -> None:
    all_jobs = jobs(DIRECTORY / f"{workflow}.yml")
    on_push_only = {"wait", *(f"up-{environment}" for environment in PROMOTION)}
    assert set(all_jobs["passed"]["needs"]) == set(all_jobs) - on_push_only - {"passed"}
    assert all_jobs["passed"]["if"].startswith("always()")
    first = all_jobs["passed"]["steps"][0]
    assert first["run"] == "exit 1"
    for result in ("failure", "cancelled", "skipped"):
        assert f"contains(needs.*.result, '{result}')" in first["if"]


def test_the_required_check_has_no_path_filter() -> None:
    assert content(DIRECTORY / "pull-request.yml")["on"] == {"pull_request": None}


def test_drift_is_compared_weekly_and_not_during_an_up() -> None:
    assert content(DIRECTORY / "drift.yml")["on"]["schedule"] == [{"cron": "43 4 * * 1"}]
    for environment in PROMOTION:
        job = jobs(DIRECTORY / "drift.yml")[f"drift-{environment}"]
        assert job["environment"] == f"{environment}-drift"
        assert job["concurrency"]["group"] == f"deploy-{environment}"


@each_file
def test_every_make_target_exists_and_every_command_behind_it_is_accepted(path: Path) -> None:
    called = [line.partition(" 2>&1")[0] for line in commands(path) if line.startswith("make ")]
    assert called
    for command in dict.fromkeys(called):
        done = subprocess.run(
            [*shlex.split(command), "--dry-run"],
            cwd=REPOSITORY,
            env={**os.environ, "DIGEST": f"sha256:{'0' * 64}"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            for part in line.split("&&"):
                accepted(shlex.split(part))


def accepted(words: list[str]) -> None:
    """Parses what a recipe starts, as the program itself would, without running it."""
    if words[:1] == [".venv/bin/tiers"]:
        parse(tiers_app, words[1:])
    elif words[:3] == [".venv/bin/python", "-m", "tooling.workflows"]:
        parse(workflows_app, words[3:])
    elif words[:3] == [".venv/bin/python", "-m", "tooling.images.publish"]:
        parse(images_app, words[3:])


def parse(app: typer.Typer, words: list[str]) -> None:
    current: Any = typer.main.get_command(app)
    context = typer.Context(current, info_name="program")
    while hasattr(current, "commands"):
        name = words.pop(0)
        assert name in current.commands, name
        current = current.commands[name]
    current.make_context("program", words, parent=context)


def test_other_lines_of_a_workflow_are_few_and_known() -> None:
    others = {line for path in FILES for line in commands(path) if not line.startswith("make ")}
    assert {line.split()[0] for line in others} == {"echo", "exit", "git", "mkdir"}
