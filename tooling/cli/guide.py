"""`tiers guide`: the guided tour, and each of its steps as a command; `tooling.guide` implements them.

A command imports what it needs when it runs, so that `tiers --help` stays quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import Refused
from tooling.cli.console import messages
from tooling.cli.options import Yes
from tooling.guide.steps import STEPS, Step

if TYPE_CHECKING:
    from tooling.guide.record import Record
    from tooling.guide.tour import Tour

app = typer.Typer(
    help="Take a guided tour: deploy a cluster and an application, change it, and remove everything again.",
    invoke_without_command=True,
)

Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", help="Environment; default: STACK in guide.toml.", show_default=False),
]


@app.callback()
def guide(
    context: typer.Context,
    stack: Stack = None,
    yes: Yes = False,
    restart: Annotated[bool, typer.Option("--restart", help="Take all steps again, from the first.")] = False,
) -> None:
    """Take a guided tour: each step says what it does and asks. An interrupted tour goes on where it stopped."""
    context.obj = (stack, yes)
    if context.invoked_subcommand is not None:
        return
    tour, record = _tour(stack, yes=yes)
    if restart:
        record.clear()
    steps = [step for step in STEPS if step.in_tour]
    tour.note(f"A guided tour of environment {tour.stack}, in {len(steps)} steps.")
    for number, step in enumerate(steps, start=1):
        tour.note(f"\nStep {number} of {len(steps)}: {step.title}")
        if step.name in record.done():
            tour.note("done before; --restart takes it again")
            continue
        tour.note(step.about)
        wish = "y" if yes else _ask_step(tour)
        if wish == "q":
            tour.note("Stopped. The same command goes on with this step.")
            return
        if wish == "y":
            _take(step, tour, record)


@app.command("help")
def show_help(context: typer.Context) -> None:
    """List the steps."""
    assert context.parent is not None
    sys.stdout.write(context.parent.get_help() + "\n")


def _command(step: Step) -> None:
    @app.command(step.name, help=step.about, short_help=step.title)
    def run(context: typer.Context, stack: Stack = None, yes: Yes = False) -> None:
        before, always = context.obj
        tour, record = _tour(stack or before, yes=yes or always)
        if not (tour.yes or step.asks_itself):
            tour.note(step.about)
            typer.confirm(f"{step.title} in environment {tour.stack}?", abort=True, err=True, default=True)
        _take(step, tour, record)


for each in STEPS:
    _command(each)


def _take(step: Step, tour: Tour, record: Record) -> None:
    from tooling.guide.prerequisites import check

    check(step, tour)
    step.run(tour)
    if "*" in step.undoes:
        record.clear()
        return
    record.remove(step.undoes)
    record.add(step.name)


def _tour(stack: str | None, *, yes: bool) -> tuple[Tour, Record]:
    """The tour of an environment and the record of its steps, once the settings are known to fit.

    Raises:
        BadInput: a setting of `guide.toml` is wrong, or the directory is. Refused: `confirmation-missing`.
    """
    from shared.environment import load_environment
    from tooling.applications.lookup import application_stack
    from tooling.guide.prerequisites import require_repository
    from tooling.guide.record import Record
    from tooling.guide.settings import FILE, load_guide_settings, require_region
    from tooling.guide.tour import Tour
    from tooling.paths import REPOSITORY, local_directory

    require_repository(Path.cwd())
    settings = load_guide_settings(REPOSITORY / FILE)
    environment = load_environment(stack or settings.stack, named_by="--stack" if stack else f"{FILE}, STACK")
    require_region(settings, environment)
    application = application_stack(settings.application, environment.name)
    if not (yes or sys.stdin.isatty()):
        raise Refused(
            "confirmation-missing",
            "the guide asks before each step, and there is no terminal to ask on",
            at=f"--stack {environment.name}",
            hint="run it in a terminal, or take every step unasked with --yes",
        )
    tour = Tour(settings=settings, environment=environment, tenant=application.tenant, console=messages(), yes=yes)
    return tour, Record(local_directory() / "guide" / f"{environment.name}.json")


def _ask_step(tour: Tour) -> str:
    """`y`, `s` to skip the step, or `q` to stop."""
    from rich.prompt import Prompt

    try:
        return Prompt.ask(
            "Take it? (y)es, (s)kip, (q)uit",
            choices=["y", "s", "q"],
            default="y",
            show_choices=False,
            console=tour.console,
        )
    except EOFError:
        return "q"
