"""`python -m tooling.workflows`: writes the workflows, and runs the programs of their steps."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from shared.environment import load_environment
from shared.environment_variables import TIERS_BACKEND_URL
from shared.errors import ExitCode, PlatformError
from tooling.paths import local_directory
from tooling.workflows import drift as drifts
from tooling.workflows import reports
from tooling.workflows.github_api import Github, append_to
from tooling.workflows.required import require_all
from tooling.workflows.states import copy_states
from tooling.workflows.turn import Turn, wait_for_turn

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

Stack = Annotated[str, typer.Option("--stack", help="Environment.")]
Wait = Annotated[float, typer.Option("--wait-minutes", help="How long to wait for unfinished runs.")]
Report = Annotated[Path, typer.Option("--report", help="File with the output of the preview.")]
Title = Annotated[str, typer.Option("--title", help="What was previewed, and in which environment.")]


@app.command()
def update() -> None:
    """Write .github/workflows and .github/CODEOWNERS."""
    # Imported here: the other generators load the plug-ins, which no step of a workflow needs.
    from tooling.generated.files import write
    from tooling.workflows.rendering import github_files

    write(github_files())


@app.command()
def verify() -> None:
    """Fail if .github/workflows or .github/CODEOWNERS is not up to date."""
    from tooling.generated.files import stale
    from tooling.workflows.rendering import github_files

    for path in (out_of_date := stale(github_files())):
        say(f"{path} is out of date; hint: make update-workflows")
    if out_of_date:
        raise typer.Exit(ExitCode.DEPLOYMENT_FAILED)


@app.command()
def turn(
    tier: Annotated[str, typer.Option("--tier")],
    stack: Stack,
    wait_minutes: Wait,
    app: Annotated[str, typer.Option("--app", help="Application, in its own workflow.")] = "",
) -> None:
    """Wait until a tier's up may start; the output `proceed` is false if a newer commit superseded this one."""
    load_environment(stack)
    whose = wait_for_turn(
        Github.of_this_job(), tier, stack, patience=timedelta(minutes=wait_minutes), say=say, application=app
    )
    append_to("GITHUB_OUTPUT", f"proceed={'true' if whose is Turn.PROCEED else 'false'}\n")


@app.command()
def required(wait_minutes: Wait) -> None:
    """Wait for every workflow that the pull request started, and fail unless all have passed."""
    github = Github.of_this_job()
    sha = os.environ.get("HEAD_SHA") or reports.pull_request()[1]
    for path in require_all(github, sha, patience=timedelta(minutes=wait_minutes), say=say):
        say(f"{path} passed")


@app.command()
def states(stack: Stack) -> None:
    """Copy the environment's states, and make the following steps use the copy."""
    address = copy_states(load_environment(stack), local_directory() / "states" / stack)
    append_to("GITHUB_ENV", f"{TIERS_BACKEND_URL.name}={address}\n" if address else "")
    say(f"previews read {address or 'the backend itself'}")


@app.command()
def summary(report: Report, title: Title) -> None:
    """Add a report to the job's summary."""
    append_to("GITHUB_STEP_SUMMARY", reports.body(title, reports.read_report(report), commit=""))


@app.command()
def comment(report: Report, title: Title) -> None:
    """Post a report as a comment on the pull request."""
    number, sha = reports.pull_request()
    text = reports.body(title, reports.read_report(report), commit=sha)
    say(f"comment {reports.post(Github.of_this_job(), number, title, text)}")


@app.command()
def drift(stack: Stack) -> None:
    """Compare an environment with main, and open, update or close its issue."""
    github = Github.of_this_job()
    load_environment(stack)
    code, text = drifts.compare(stack)
    sys.stderr.write(text)
    what = drifts.record(github, stack, code, text, commit=os.environ.get("GITHUB_SHA", ""))
    say(f"issue: {what}")
    if what == "failed":
        raise typer.Exit(code)


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> None:
    try:
        app(standalone_mode=True)
    except PlatformError as error:
        say(str(error))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
