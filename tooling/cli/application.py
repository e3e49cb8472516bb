"""`tiers app`: what an app team does with its applications; `tooling.applications` implements it.

A command imports what it needs when it runs, so that `tiers --help` stays quick.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tooling.cli.console import messages, print_document, results
from tooling.cli.options import Json, Stack, Yes

if TYPE_CHECKING:
    from tooling.applications.history import Release
    from tooling.applications.live import Workload

app = typer.Typer(help="Ship and inspect applications.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="APP", help="Name of the application.", show_default=False)]


@app.command()
def history(name: Name, stack: Stack, as_json: Json = False) -> None:
    """List the releases of an application: each deployment of its stack, with what it changed."""
    from rich.table import Table

    from tooling.applications.history import changed_settings, releases
    from tooling.applications.lookup import application_stack
    from tooling.runner.engine import open_engine

    one = application_stack(name, stack)
    with open_engine(stack) as engine:
        found = releases(engine, one)
    if as_json:
        print_document({"application": name, "environment": stack, "releases": [asdict(each) for each in found]})
        return
    console = results()
    if not found:
        console.print(f"{one} was never deployed", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("release", "started", "", "image", "changed"):
        table.add_column(column, justify="right" if column == "release" else "left", no_wrap=column != "changed")
    before: Release | None = None
    for each in found:
        changed = changed_settings(before.settings, each.settings) if before else []
        table.add_row(str(each.number), each.started[:16], each.result, each.image, "; ".join(changed))
        before = each
    console.print(table)


@app.command()
def status(name: Name, stack: Stack, as_json: Json = False) -> None:
    """Show the pods, image, address and last release of an application, and why pods are not ready."""
    from tooling.applications.history import current, releases
    from tooling.applications.live import cluster_of
    from tooling.applications.lookup import application_stack
    from tooling.runner.engine import open_engine

    one = application_stack(name, stack)
    with open_engine(stack) as engine:
        workloads = cluster_of(engine, one).workloads()
        outputs = engine.outputs(one)
        last = current(releases(engine, one))
    if as_json:
        document = {
            "application": name,
            "environment": stack,
            "url": outputs.get("url"),
            "release": asdict(last) if last else None,
            "workloads": [_workload_document(each) for each in workloads],
        }
        print_document(document)
        return
    console = results()

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    for each in workloads:
        pods = "" if each.desired is None else f"  {each.ready} of {each.desired} pods ready"
        say(f"{each.kind.lower()} {each.namespace}/{each.name}{pods}")
        say(f"  image    {each.image}")
        for reason in each.reasons:
            say(f"  problem  {reason}")
    if outputs.get("url"):
        say(f"address    {outputs['url']}")
    if last is not None:
        say(f"release    {last.number}, {last.result}, {last.started[:16]}, {last.image}")
    if any(each.reasons for each in workloads):
        say(f"hint: tiers app logs {name} --stack {stack}")
        say(f"hint: tiers app rollback {name} --stack {stack}")


@app.command()
def url(name: Name, stack: Stack = "local", as_json: Json = False) -> None:
    """Print the address of an application's Ingress, from the outputs of its stack."""
    from urllib.parse import urlsplit

    from tooling.applications.address import address
    from tooling.applications.lookup import application_stack
    from tooling.runner.engine import open_engine

    one = application_stack(name, stack)
    with open_engine(stack) as engine:
        found = address(engine, one)
    if as_json:
        document = {"application": name, "environment": stack, "url": found, "host": urlsplit(found).hostname}
        print_document(document)
    else:
        sys.stdout.write(f"{found}\n")


def open_application(
    name: Name,
    stack: Stack = "local",
    print_only: Annotated[bool, typer.Option("--print", help="Only print the address, do not open a browser.")] = False,
    as_json: Json = False,
) -> None:
    """Open an application in the browser; on the local lane, at a loopback address that reaches its processes."""
    import webbrowser

    from tooling.applications.address import address, loopback_address
    from tooling.applications.lookup import application_stack
    from tooling.lane.state import Lane
    from tooling.runner.engine import open_engine

    one = application_stack(name, stack)
    with open_engine(stack) as engine:
        found = address(engine, one)
        lane = Lane.load() if engine.is_local else None
    opened = loopback_address(lane, found) if lane is not None else found
    if as_json:
        print_document({"application": name, "environment": stack, "url": opened, "address": found})
        return
    sys.stdout.write(f"{opened}\n")
    if sys.stdout.isatty() and not print_only:
        webbrowser.open(opened)


def _workload_document(one: Workload) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "namespace": one.namespace,
        "name": one.name,
        "desired": one.desired,
        "ready": one.ready,
        "image": one.image,
        "pods": [
            {"name": pod["metadata"]["name"], "phase": (pod.get("status") or {}).get("phase")} for pod in one.pods
        ],
        "problems": [asdict(reason) for reason in one.reasons],
    }


@app.command()
def configure(
    name: Name,
    assignments: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE...", help="Settings and their values.", show_default=False)
    ],
    stack: Stack,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Change settings of an application and deploy them."""
    from tooling.applications.lookup import application_stack
    from tooling.applications.proposal import parse_assignments, propose
    from tooling.cli.shipping import require_answer, ship

    one = application_stack(name, stack)
    command = shlex.join(["tiers", "app", "configure", name, *assignments, "--stack", stack])
    values = parse_assignments(one, assignments)
    require_answer(command, one, yes=yes)
    ship(one, propose(one, values), command=command, yes=yes, as_json=as_json)


@app.command()
def release(
    name: Name,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="Tag of the image, or its digest `sha256:…`.", show_default=False)
    ],
    stack: Stack,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Deploy a version of an application's image. Refused if the image does not exist."""
    from tooling.applications.lookup import application_stack
    from tooling.applications.proposal import propose
    from tooling.applications.releasing import image_to_release
    from tooling.cli.shipping import require_answer, ship
    from tooling.lane.state import Lane
    from tooling.runner.engine import open_engine
    from tooling.runner.service_images import record_image

    one = application_stack(name, stack)
    command = shlex.join(["tiers", "app", "release", name, version, "--stack", stack])
    require_answer(command, one, yes=yes)
    with open_engine(stack) as engine:
        # On the lane the image of the present tree is there without a pipeline.
        if (lane := Lane.load()) is not None and engine.is_local:
            record_image(lane, engine, one)
        found = image_to_release(engine, one, version)
    ship(one, propose(one, found.settings), command=command, yes=yes, as_json=as_json, notes=found.notes)


@app.command()
def rollback(
    name: Name,
    stack: Stack,
    to: Annotated[
        int | None,
        typer.Option("--to", help="Number of the release; by default the last good one before the current."),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Deploy the image and the settings of an earlier release again."""
    from tooling.applications.lookup import application_stack
    from tooling.applications.proposal import of_release, propose
    from tooling.applications.releasing import release_to_return_to
    from tooling.cli.shipping import require_answer, ship
    from tooling.runner.engine import open_engine

    one = application_stack(name, stack)
    words = ["--to", str(to)] if to is not None else []
    command = shlex.join(["tiers", "app", "rollback", name, *words, "--stack", stack])
    require_answer(command, one, yes=yes)
    with open_engine(stack) as engine:
        earlier = release_to_return_to(engine, one, to)
    notes = [f"  back to release {earlier.number} of {earlier.started[:16]}: {earlier.image}"]
    values = of_release(one, earlier.settings)
    ship(one, propose(one, values), command=command, yes=yes, as_json=as_json, notes=notes)


@app.command()
def promote(
    name: Name,
    source: Annotated[str, typer.Argument(metavar="FROM", help="Environment whose image to take.", show_default=False)],
    target: Annotated[str, typer.Argument(metavar="TO", help="Environment to deploy it to.", show_default=False)],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Deploy the image that runs in one environment to another: the same digest. Settings are not copied."""
    from tooling.applications.lookup import application_stack
    from tooling.applications.proposal import propose
    from tooling.applications.releasing import image_that_runs, image_to_release
    from tooling.cli.shipping import require_answer, ship
    from tooling.runner.engine import open_engine

    here, there = application_stack(name, source), application_stack(name, target)
    command = shlex.join(["tiers", "app", "promote", name, source, target])
    require_answer(command, there, yes=yes)
    with open_engine(source) as engine:
        running = image_that_runs(engine, here)
    with open_engine(target) as engine:
        found = image_to_release(engine, there, running.digest or running.tag, tag=running.tag)
    ship(there, propose(there, found.settings), command=command, yes=yes, as_json=as_json, notes=found.notes)


@app.command()
def diff(
    name: Name,
    source: Annotated[str, typer.Argument(metavar="FROM", help="Environment.", show_default=False)],
    target: Annotated[str, typer.Argument(metavar="TO", help="Environment to compare with.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Compare the settings and images of an application in two environments, as their stack files say."""
    from rich.table import Table

    from tooling.applications.lookup import application_stack
    from tooling.applications.proposal import effective_settings, shown_value

    left = effective_settings(application_stack(name, source))
    right = effective_settings(application_stack(name, target))
    differing = [key for key in {**left, **right} if left.get(key) != right.get(key)]
    if as_json:
        rows = {key: {source: left.get(key), target: right.get(key)} for key in differing}
        print_document({"application": name, "environments": [source, target], "settings": rows})
        return
    console = results()
    if not differing:
        console.print(f"{name} has the same settings in {source} and {target}", markup=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("setting", source, target):
        table.add_column(column, overflow="fold")
    for key in differing:
        table.add_row(key, shown_value(left.get(key, "")), shown_value(right.get(key, "")))
    console.print(table)


@app.command()
def logs(
    name: Name,
    stack: Stack,
    lines: Annotated[int, typer.Option("--lines", min=1, help="Number of last lines of each pod.")] = 50,
    previous: Annotated[bool, typer.Option("--previous", help="Of the container before the last restart.")] = False,
    as_json: Json = False,
) -> None:
    """Print the last log lines of an application's pods."""
    from tooling.applications.live import cluster_of
    from tooling.applications.lookup import application_stack
    from tooling.applications.pod_logs import pod_logs
    from tooling.runner.engine import open_engine

    one = application_stack(name, stack)
    with open_engine(stack) as engine:
        found = pod_logs(cluster_of(engine, one), lines=lines, previous=previous)
    if as_json:
        print_document({"application": name, "environment": stack, "pods": [asdict(each) for each in found]})
        return
    console = results()
    for each in found:
        for line in each.lines or [f"({each.why_none or 'no lines'})"]:
            console.print(f"{each.pod}  {line}", markup=False, soft_wrap=True)
    if not found:
        console.print(f"{one} has no pods", markup=False, soft_wrap=True)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new application.", show_default=False)],
    tenant: Annotated[str, typer.Option("--tenant", help="Tenant that it belongs to.")],
    worker: Annotated[bool, typer.Option("--worker", help="A worker: nothing sends requests to its pods.")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="A task that runs by the clock.")] = False,
    as_json: Json = False,
) -> None:
    """Write a new application: program, settings, stack files, service, Dockerfile, tests and generated files."""
    from shared.errors import BadInput
    from tooling.applications.scaffold import Kind, create, new_application

    if worker and cron:
        raise BadInput(
            "flags-exclude-each-other",
            "--worker and --cron exclude each other",
            at="--worker, --cron",
            hint="leave one of them out",
        )
    made = new_application(name, tenant, Kind.WORKER if worker else Kind.CRON if cron else Kind.WEB)
    changed = create(made)
    directory = f"applications/{name}"
    if as_json:
        print_document({"application": name, "tenant": tenant, "directory": directory, "changed": changed})
        return
    console = messages()

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    say(f"{directory}/ is ready: it passes every check, and its image is built from {directory}/service")
    for path in changed:
        say(f"{path} has its image repository now; the platform team approves and deploys it")
    say("\nTry next:")
    deploy_tenant = [f"tiers up tenants --tenant {tenant} --stack local"] if changed else []
    for command in (
        f"make test-unit IN={directory}",
        *deploy_tenant,
        f"tiers up applications --app {name} --stack local",
    ):
        say(f"  {command}")
