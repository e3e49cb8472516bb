"""Refuses to update a golden file if a resource that holds data, or that all others refer to, would be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.errors import Refused
from tooling.golden.graph import Graph, is_precious


def refuse_replacements(golden: Mapping[str, Mapping[str, Any]], graph: Graph, *, file: str) -> None:
    """Compares the committed graph with the one that the program registers now.

    Raises:
        Refused: `golden-replaces`, naming the first precious resource that would be replaced, deleted or unprotected.
    """
    for identity, facts in golden.items():
        if is_precious(identity, facts):
            wrong = _replaced(identity, facts, graph)
            if wrong:
                raise Refused("golden-replaces", f"{identity} {wrong[0]}", at=file, hint=wrong[1])


def _replaced(identity: str, facts: Mapping[str, Any], graph: Graph) -> tuple[str, str] | None:
    now = graph.resources.get(graph.former.get(identity, identity))
    if now is None:
        kind_and_name = identity.rsplit("::", 1)
        return (
            "is no longer registered: the engine would delete it and create its successor",
            f'add aliases=[pulumi.Alias(name="{kind_and_name[1]}")] to its successor, with parent and type if those '
            f"changed (docs/decisions/0011-golden-graph.md)\n"
            "if it is meant to be deleted, remove its lines from the file by hand, so that a reviewer sees it",
        )
    for key, value in (facts.get("fixed") or {}).items():
        if (now.get("fixed") or {}).get(key) != value:
            return (
                f"would be replaced: its {key} changes from {value} to {(now.get('fixed') or {}).get(key, 'nothing')}",
                f"leave {key} as it is, or remove its line from the file by hand, so that a reviewer sees the change",
            )
    if facts.get("protected") and not now.get("protected"):
        return (
            "loses its protection",
            "leave `protect` on, or remove its line from the file by hand, so that a reviewer sees the change",
        )
    return None
