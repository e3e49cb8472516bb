"""`tiers tenant`: create, list, show, explain, compare, suspend and resume tenants."""

from __future__ import annotations

from typing import Annotated

import typer

from shared.errors import BadInput
from tooling.cli.console import messages, print_document, results
from tooling.cli.options import Json, Stack

app = typer.Typer(help="Create, list, explain, compare and suspend tenants.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The tenant: the name of its file without .yaml.")]


@app.command("new")
def new(
    name: Name,
    owner: Annotated[str, typer.Option("--owner", help="Team responsible for the tenant.")],
    host: Annotated[list[str] | None, typer.Option("--host", help="A host of its Ingresses. Can be repeated.")] = None,
    size: Annotated[str, typer.Option("--size", help="small, medium or large.")] = "",
    environment: Annotated[
        list[str] | None, typer.Option("--environment", help="An environment; all by default. Can be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the file of a new tenant; `tiers up tenants` deploys it."""
    from shared.catalog import load_tenant
    from tooling.tenants.editing import new_tenant

    path = new_tenant(name, owner=owner, hosts=host or (), size=size, environments=environment or ())
    first = load_tenant(name, "").environments[0]
    if as_json:
        print_document({"tenant": name, "file": f"tenants/catalog/{path.name}"})
        return
    say = messages()
    say.print(f"wrote tenants/catalog/{path.name}", markup=False)
    say.print(f"see what it creates:  tiers tenant explain {name} --stack {first}", markup=False)
    say.print(f"deploy it:            tiers up tenants --tenant {name} --stack {first}", markup=False)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the tenants of the catalog with owner, environments, size and state."""
    from shared.catalog import read_catalog

    rows = []
    for name, file in read_catalog().items():
        tenants = list(file.variants.values())
        states = [
            f"{tenant.state}"
            + (f", paused until {tenant.paused.until}" if tenant.paused and tenant.paused.holds else "")
            for tenant in tenants
        ]
        rows.append(
            {
                "name": name,
                "owner": tenants[0].owner,
                "environments": list(file.environments),
                "size": "/".join(dict.fromkeys(tenant.size for tenant in tenants)),
                "state": "/".join(dict.fromkeys(states)),
            }
        )
    if as_json:
        print_document({"tenants": rows})
        return
    _table(
        ("name", "owner", "environments", "size", "state"),
        [(one["name"], one["owner"], ", ".join(one["environments"]), one["size"], one["state"]) for one in rows],
    )


@app.command("show")
def show(name: Name, stack: Stack, as_json: Json = False) -> None:
    """Show every value of the tenant in one environment, and the line of its file that sets it."""
    from tooling.tenants.explanation import existing
    from tooling.tenants.values import values

    found = values(existing(name, stack))
    if as_json:
        print_document({"tenant": name, "environment": stack, "values": [one.row() for one in found]})
        return
    _table(("key", "value", "set by"), [(one.key, one.value, one.set_by) for one in found])


@app.command("explain")
def explain(
    name: Name,
    stack: Stack,
    external_secrets: Annotated[
        bool, typer.Option("--external-secrets", help="As where tier 2 has the add-on external-secrets.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List every object and AWS resource of the tenant, why it exists, and which line of its file asks for it."""
    from tooling.tenants.explanation import existing
    from tooling.tenants.explanation import explain as explained

    found = explained(existing(name, stack), stack, external_secrets=external_secrets)
    if as_json:
        print_document({"tenant": name, "environment": stack, "resources": [one.row() for one in found]})
        return
    _table(("kind", "name", "why", "asked for by"), [(one.kind, one.name, one.why, one.asked_by) for one in found])


@app.command("diff")
def diff(
    name: Name,
    stack: Stack,
    other: Annotated[str | None, typer.Option("--with", help="Compare with this tenant.")] = None,
    other_stack: Annotated[str | None, typer.Option("--with-stack", help="Compare with this environment.")] = None,
    as_json: Json = False,
) -> None:
    """Compare two tenants, or one tenant in two environments."""
    from tooling.tenants.explanation import existing
    from tooling.tenants.values import differences

    if other is None and other_stack is None:
        raise BadInput(
            "comparison-missing",
            "nothing to compare with",
            at="--with, --with-stack",
            hint=f"tiers tenant diff {name} --stack {stack} --with-stack prod",
        )
    one, two = (name, stack), (other or name, other_stack or stack)
    found = differences(existing(*one), existing(*two))
    titles = [f"{tenant} ({environment})" for tenant, environment in (one, two)]
    if as_json:
        print_document({"one": titles[0], "other": titles[1], "differences": [each.row() for each in found]})
        return
    _table(("key", *titles), [(each.key, each.one or "-", each.other or "-") for each in found])


@app.command("suspend")
def suspend(name: Name, as_json: Json = False) -> None:
    """Write `state: suspended` into the tenant's file: after `tiers up`, it has no pods, and keeps all its data."""
    _set_state(name, "suspended", as_json=as_json)


@app.command("resume")
def resume(name: Name, as_json: Json = False) -> None:
    """Write `state: active` into the tenant's file: after `tiers up`, its pods start again."""
    _set_state(name, "active", as_json=as_json)


def _set_state(name: str, state: str, *, as_json: bool) -> None:
    from shared.catalog import load_tenant
    from tooling.tenants.editing import set_state

    path, say = set_state(name, state), messages()
    if as_json:
        print_document({"tenant": name, "state": state, "changed": path is not None})
        return
    if path is None:
        say.print(f"{name} is {state} already", markup=False)
        return
    say.print(f"wrote tenants/catalog/{path.name}: {name} is {state}", markup=False)
    for environment in load_tenant(name, "").environments:
        say.print(f"deploy it: tiers up tenants --tenant {name} --stack {environment}", markup=False)


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        # Brackets in a value are no markup.
        table.add_row(*(value.replace("[", "\\[") for value in row))
    results().print(table)
