"""The end of the report of `tiers up --stack local`: where things run, and what to try next."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tooling.lane.state import Lane
from tooling.runner.graph import StackId
from tooling.runner.tiers_file import load_tiers

NEXT = (
    (("tiers open demo --stack local",), "see the demo application answer"),
    (("tiers status --stack local",), "list every stack with its resources"),
    (
        ("tiers preview --stack local --expect-no-changes",),
        "see what would change; edit a quota in tenants/catalog first",
    ),
    (
        ("tiers kubeconfig --stack local > .local/kubeconfig", "kubectl --kubeconfig .local/kubeconfig get pods -A"),
        "use the cluster, signed in as on EKS",
    ),
)
"""Commands, and what they do."""


def print_next_steps(console: Console, stacks: Sequence[StackId]) -> None:
    """After a run of every tier; one of a single tier has a purpose of its own."""
    lane = Lane.load()
    if lane is None or {stack.tier for stack in stacks} != {tier.name for tier in load_tiers().tiers}:
        return
    tenants = [stack.tenant for stack in stacks if stack.tier == "tenants"]
    applications = [f"{stack.project} (namespace {stack.tenant})" for stack in stacks if stack.tier == "applications"]
    places = Table(box=None, pad_edge=False, show_header=False)
    places.add_row("AWS, emulated", lane.aws_endpoint)
    places.add_row("Kubernetes API", lane.cluster.server)
    if tenants:
        places.add_row("tenants", ", ".join(tenants))
    if applications:
        places.add_row("applications", ", ".join(applications))
    console.print()
    console.print(places)
    console.print("\nTry next:")
    for commands, why in NEXT:
        console.print(f"  {why}", style="dim")
        for command in commands:
            console.print(f"    {_on_path(command)}", soft_wrap=True, markup=False)


def _on_path(command: str) -> str:
    """The command to paste: with its path if the Python environment is not activated."""
    program = command.split()[0]
    found = shutil.which(program)
    own = Path(sys.executable).parent / program
    return command if found and Path(found).resolve() == own.resolve() else f".venv/bin/{command}"
