"""Checks before anything is destroyed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from shared.errors import Refused
from tooling.runner.graph import Graph, StackId, downstream, tenant_stack
from tooling.runner.tiers_file import load_tiers


def with_undeclared(graph: Graph, environment: str, counts: Mapping[str, int]) -> Graph:
    """Adds tenants' stacks that exist but have no catalog file any more, so that they can be destroyed like others."""
    graph = graph.copy()
    declared = {str(stack) for stack in graph}
    for tier in load_tiers().tiers:
        if tier.stacks != "tenant":
            continue
        prefix = f"{tier.name}/{environment}."
        for name in counts:
            if name.startswith(prefix) and name not in declared:
                stack = tenant_stack(tier, name.removeprefix(prefix), environment)
                upstream = [other for other in graph if other.tier in tier.reads]
                graph.add_node(stack)
                graph.add_edges_from((other, stack) for other in upstream)
    return graph


def refuse_live_dependants(graph: Graph, stacks: Sequence[StackId], counts: Mapping[str, int]) -> None:
    """Refuses to destroy a stack whose outputs another deployed stack reads.

    Raises:
        Refused: `live-dependants`, naming them and the commands that destroy them.
    """
    live = [stack for stack in downstream(graph, stacks) if counts.get(str(stack), 0) > 0]
    if not live:
        return
    raise Refused(
        "live-dependants",
        f"{', '.join(str(stack) for stack in live)} still read{'s' if len(live) == 1 else ''} the stacks to destroy",
        at=f"environment {live[0].environment}",
        hint="\n".join(
            [
                *dict.fromkeys(_destroy(graph, stack, live) for stack in reversed(live)),
                "then run the same command again",
            ]
        ),
    )


def refuse_protected(stacks: Sequence[StackId], protected: Callable[[StackId], Sequence[str]]) -> None:
    """Refuses to destroy a stack that holds protected resources.

    The engine refuses only the protected resources themselves: nodes, add-ons and administrators' access would be
    deleted by then.

    Args:
        protected: names of the protected resources of a stack.

    Raises:
        Refused: `resources-protected`.
    """
    for stack in stacks:
        kind = load_tiers().tier(stack.tier).stacks
        names = protected(stack) if kind != "application" else ()
        if names and kind == "tenant":
            where = f"tenants/catalog/{stack.tenant}.yaml"
            raise Refused(
                "resources-protected",
                f"{stack} is locked against deletion: {', '.join(names)}",
                at=f"{where}, deletion_lock",
                hint=f"set deletion_lock: false for {stack.environment} in {where}, which loses the tenant's data; "
                f"then: tiers up tenants --tenant {stack.tenant} --stack {stack.environment}; then destroy again",
            )
        if names:
            raise Refused(
                "resources-protected",
                f"{stack} holds resources that are protected from deletion: {', '.join(names)}",
                at=f"Pulumi.{stack.environment}.yaml of {stack.project}, protect",
                hint=f"set protect: false there (and force_destroy: true to lose the tenants' data), then: "
                f"tiers up {stack.tier} --stack {stack.environment}; then destroy again",
            )


def _destroy(graph: Graph, stack: StackId, live: Sequence[StackId]) -> str:
    """The command that destroys `stack`: the whole tier if all its stacks are in `live`, else only this stack."""
    if all(other in live for other in graph if other.tier == stack.tier):
        one = ""
    elif stack.project == stack.tier:
        one = f" --tenant {stack.tenant}"
    else:
        one = f" --app {stack.project}"
    return f"tiers destroy {stack.tier}{one} --stack {stack.environment}"
