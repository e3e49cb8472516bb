"""The end of `tiers up --stack local`: what runs where, and what to try now."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tooling.lane.state import Lane
from tooling.runner.graph import StackId

NEXT = (
    ("tiers status --stack local", "every stack and what it holds"),
    ("tiers preview --stack local --expect-no-changes", "compare programs with state; edit a tenant's quota first"),
    ("tiers kubeconfig --stack local > .local/config && kubectl --kubeconfig .local/config get pods -A", "look inside"),
)


def print_next_steps(console: Console, stacks: Sequence[StackId]) -> None:
    lane = Lane.load()
    if lane is None:
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
    for command, why in NEXT:
        console.print(f"  {command}", soft_wrap=True, markup=False)
        console.print(f"      {why}", style="dim")
