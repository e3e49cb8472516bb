"""`tiers contract`: contracts of clusters that tier 1 has not made; `tooling.imported_clusters` implements it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tooling.cli.console import messages, print_document
from tooling.cli.options import Json

app = typer.Typer(help="Contracts of clusters that tier 1 has not made.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group even with a single command."""


@app.command("import")
def import_(
    environment: Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="Environment that gets the cluster.")],
    from_eks: Annotated[str, typer.Option("--from-eks", metavar="NAME", help="Name of the cluster in EKS.")],
    file: Annotated[Path, typer.Option("--file", help="YAML file with the fields that the cluster does not decide.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Write the Infrastructure contract of an existing EKS cluster, so that tiers 2 to 4 run on it."""
    from tooling.imported_clusters.contract import contract_of
    from tooling.imported_clusters.facts import cluster_facts
    from tooling.imported_clusters.state import refuse_deployed, write
    from tooling.runner.engine import open_engine
    from tooling.runner.graph import environment_graph
    from tooling.runner.recovery.accounts import account_of

    (stack,) = [one for one in environment_graph(environment) if one.tier == "infrastructure"]
    with open_engine(environment) as engine:
        refuse_deployed(stack, engine.record(stack) if engine.exists(stack) else {})
        outputs = contract_of(cluster_facts(account_of(engine).client, from_eks), file)
        if not dry_run:
            write(engine, stack, outputs)
    if as_json:
        print_document({"stack": str(stack), "dry_run": dry_run, "outputs": outputs})
        return
    said = "would have" if dry_run else "has"
    messages().print(
        f"{stack} {said} {len(outputs)} outputs of {outputs['cluster_arn']}\n\n"
        f"Try next:\n  tiers up platform-addons tenants applications --stack {environment}",
        markup=False,
        soft_wrap=True,
    )
