"""The read-only commands: status, outputs, kubeconfig, env, graph."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.environment import load_environment
from shared.errors import BadInput, nearest
from tooling.cli.console import print_document, results
from tooling.cli.options import Apps, Json, Stack, Tenants

if TYPE_CHECKING:
    from tooling.runner.engine import Engine
    from tooling.runner.graph import StackId


_DEVELOPERS = "developers"


class GraphFormat(StrEnum):
    TEXT = "text"
    MERMAID = "mermaid"
    SVG = "svg"


def status(stack: Stack, as_json: Json = False) -> None:
    """List the environment's stacks and the number of resources in each."""
    from rich.table import Table

    from tooling.runner.engine import open_engine
    from tooling.runner.graph import environment_graph, in_order
    from tooling.runner.guards import with_undeclared

    with open_engine(stack) as engine:
        counts = engine.resource_counts()
        declared = environment_graph(stack)
        stacks = in_order(with_undeclared(declared, stack, counts))
        recorded = {one: engine.recorded_only(one) for one in stacks if counts.get(str(one))}
    rows = [
        {
            "stack": str(one),
            "tier": one.tier,
            "deployed": counts.get(str(one), 0) > 0,
            "resources": counts.get(str(one), 0),
            "declared": one in declared,
            "recorded_not_run": recorded.get(one, []),
        }
        for one in stacks
    ]
    if as_json:
        print_document({"environment": stack, "stacks": rows})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("stack", "tier", "resources", ""):
        table.add_column(column, justify="right" if column == "resources" else "left", no_wrap=True)
    for row in rows:
        note = "" if row["declared"] else "no file in the catalog"
        table.add_row(row["stack"], row["tier"], str(row["resources"]) if row["deployed"] else "-", note)
    console = results()
    console.print(table)
    for row in rows:
        for chart in row["recorded_not_run"]:
            console.print(f"recorded, not run: {chart} ({row['stack']})", markup=False, soft_wrap=True)


def outputs(
    tier: Annotated[str, typer.Argument(metavar="TIER", help="Tier whose outputs to print.")],
    stack: Stack,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this output, as plain text.")] = None,
    tenant: Tenants = None,
    app: Apps = None,
    as_json: Json = False,
) -> None:
    """Print the outputs of one stack: its contract with the stacks that read it."""
    from tooling.runner.engine import open_engine

    with open_engine(stack) as engine:
        values = engine.outputs(_one_stack(engine, tier, stack, tenant, app))
    if name is not None:
        if name not in values:
            raise BadInput(
                "output-unknown",
                f"{tier} of {stack} has no output {name!r}{nearest(name, values)}",
                at=f"--stack {stack}",
                hint=f"tiers outputs {tier} --stack {stack}",
            )
        value = values[name]
        sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\n")
    elif as_json:
        print_document({"outputs": values})
    else:
        width = max(map(len, values), default=0)
        for key, value in sorted(values.items()):
            line = f"{key:<{width}}  {value if isinstance(value, str) else json.dumps(value)}"
            sys.stdout.write(_fit_terminal(line) + "\n")


def kubeconfig(
    stack: Stack,
    tenant: Tenants = None,
    role: Annotated[
        str, typer.Option("--role", help="With --tenant: role of its people, developers, owners or viewers.")
    ] = _DEVELOPERS,
) -> None:
    """Print a kubeconfig for the admin role, or with --tenant for a role of the tenant's people."""
    from tooling.runner.engine import open_engine
    from tooling.runner.kubeconfig import usable_kubeconfig

    with open_engine(stack) as engine:
        tier = "tenants" if tenant else "infrastructure"
        one = _one_stack(engine, tier, stack, tenant, None)
        values = engine.outputs(one)
        if not values.get("kubeconfig"):
            raise BadInput(
                "output-missing",
                f"{one} has not published `kubeconfig`",
                at=str(one),
                hint=f"make {tier}-up STACK={stack}" + (f" TENANT={one.tenant}" if one.tenant else ""),
            )
        sys.stdout.write(usable_kubeconfig(_signing_in_as(role, values, one.tenant, stack), engine) + "\n")


def _signing_in_as(role: str, values: Mapping[str, Any], tenant: str, stack: str) -> str:
    """The published kubeconfig, for the role.

    Raises:
        BadInput: `role-unknown`.
    """
    roles = values.get("people_role_arns", {})
    if role == _DEVELOPERS:
        return values["kubeconfig"]
    if role not in roles:
        file = f"tenants/catalog/{tenant}.yaml, people" if tenant else "--role"
        raise BadInput(
            "role-unknown",
            f"{tenant or 'the cluster'} has no people with the role {role!r} in {stack}{nearest(role, roles)}",
            at=file,
            hint=f"use one of: {', '.join(sorted(roles))}" if roles else "leave --role out, or add --tenant <name>",
        )
    return values["kubeconfig"].replace(values["deployer_role_arn"], roles[role])


def env(
    tier: Annotated[str, typer.Argument(metavar="TIER", help="Tier whose stack to use with plain `pulumi`.")],
    stack: Stack,
    tenant: Tenants = None,
    app: Apps = None,
    as_json: Json = False,
) -> None:
    """Print the shell commands that set up plain `pulumi` for one stack: eval "$(tiers env TIER --stack S)"."""
    from tooling.runner.engine import open_engine
    from tooling.runner.graph import environment_graph, select

    with open_engine(stack) as engine:
        chosen = select(environment_graph(stack), tiers=[tier], tenants=tenant or (), applications=app or ())
        one = _single(chosen, tier, stack)
        directory = engine.work_dir(one)
        wanted = {**engine.variables, "PULUMI_STACK": one.stack}
    changed = {name: value for name, value in sorted(wanted.items()) if os.environ.get(name) != value}
    unwanted = sorted(os.environ.keys() - wanted.keys())
    if as_json:
        document = {"stack": str(one), "directory": str(directory), "variables": changed, "unset": unwanted}
        print_document({"environment": stack, **document})
        return
    lines = [f"unset {name}" for name in unwanted]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in changed.items()]
    sys.stdout.write("\n".join([*lines, f"cd {shlex.quote(str(directory))}"]) + "\n")


def graph(
    tier: Annotated[
        str | None, typer.Argument(metavar="[TIER]", help="platform-addons: show its add-ons in dependency order.")
    ] = None,
    stack: Stack = "local",
    output: Annotated[GraphFormat, typer.Option("--format", help="Output format.")] = GraphFormat.TEXT,
    as_json: Json = False,
) -> None:
    """Show which stacks read which; for platform-addons, which add-ons require which."""
    if tier is not None:
        _addons(tier, stack, as_json)
        return
    from tooling.runner.drawing import as_mermaid, as_svg, as_text
    from tooling.runner.graph import environment_graph, in_order

    stacks = environment_graph(stack)
    if as_json:
        print_document(
            {
                "environment": stack,
                "stacks": [
                    {"stack": str(one), "tier": one.tier, "reads": sorted(str(up) for up in stacks.predecessors(one))}
                    for one in in_order(stacks)
                ],
            }
        )
        return
    draw = {GraphFormat.TEXT: lambda: as_text(stacks), GraphFormat.MERMAID: as_mermaid, GraphFormat.SVG: as_svg}
    sys.stdout.write(draw[output]() + "\n")


def _addons(tier: str, stack: str, as_json: bool) -> None:
    from dataclasses import asdict

    from tooling.runner.addons import addon_rows

    if tier != "platform-addons":
        raise BadInput(
            "tier-without-graph",
            f"{tier!r} has no graph of its own{nearest(tier, ['platform-addons'])}",
            at="TIER",
            hint="tiers graph platform-addons",
        )
    load_environment(stack, named_by="--stack")
    rows = addon_rows(stack)
    if as_json:
        print_document({"environment": stack, "addons": [asdict(row) for row in rows]})
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        said = [f"requires {', '.join(row.requires)}"] if row.requires else []
        said += [f"excludes {', '.join(row.conflicts)}"] if row.conflicts else []
        line = f"{row.name:<{width}}  {'on ' if row.enabled else 'off'}  {'; '.join(said)}"
        sys.stdout.write(_fit_terminal(line.rstrip()) + "\n")


def _fit_terminal(line: str) -> str:
    """Truncate a line to the width of the terminal; a pipe or a file gets the whole line."""
    columns = shutil.get_terminal_size().columns
    return line if not sys.stdout.isatty() or len(line) <= columns else line[: columns - 1] + "…"


def _one_stack(
    engine: Engine, tier: str, environment: str, tenants: Sequence[str] | None, apps: Sequence[str] | None
) -> StackId:
    """Return the one deployed stack that the options select.

    Raises:
        BadInput: `stack-ambiguous`, `stack-missing`.
    """
    from tooling.runner.graph import environment_graph, select
    from tooling.runner.guards import with_undeclared

    counts = engine.resource_counts()
    stacks = select(
        with_undeclared(environment_graph(environment), environment, counts),
        tiers=[tier],
        tenants=tenants or (),
        applications=apps or (),
    )
    if stacks and str(_single(stacks, tier, environment)) in counts:
        return stacks[0]
    raise BadInput(
        "stack-missing",
        f"{stacks[0] if stacks else tier} is not deployed",
        at=f"--stack {environment}",
        hint=f"make {tier}-up STACK={environment}" + (f" TENANT={tenants[0]}" if tenants else ""),
    )


def _single(stacks: Sequence[StackId], tier: str, environment: str) -> StackId:
    """Return the only element of `stacks`.

    Raises:
        BadInput: `stack-ambiguous`, `stack-missing`.
    """
    if not stacks:
        raise BadInput(
            "stack-missing",
            f"{tier} has no stack in {environment}",
            at=f"--stack {environment}",
            hint=f"tiers graph --stack {environment}",
        )
    if len(stacks) > 1:
        flag = "--tenant" if stacks[0].tier == "tenants" else "--app"
        raise BadInput(
            "stack-ambiguous",
            f"{tier} has {len(stacks)} stacks in {environment}: {', '.join(str(one) for one in stacks)}",
            at=f"--stack {environment}",
            hint=f"add {flag} <name>",
        )
    return stacks[0]
