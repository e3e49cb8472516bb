"""`tiers app`: what an app team does with its applications; `tooling.applications` implements it.

A command imports what it needs when it runs, so that `tiers --help` stays quick.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tooling.cli.console import print_document, results
from tooling.cli.options import Json, Stack

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
