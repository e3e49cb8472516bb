"""What a change may not do unseen: replace what holds data, or what everything else names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.errors import Refused
from tooling.golden.graph import Graph, is_precious


def refuse_replacements(golden: Mapping[str, Mapping[str, Any]], graph: Graph, *, file: str) -> None:
    """Compares a committed graph with the one that the program registers now.

    Raises:
        Refused: `golden-replaces`, naming the first precious resource that would be replaced, given up, or lose its
            protection.
    """
    for identity, said in golden.items():
        if is_precious(identity, said):
            wrong = _replaced(identity, said, graph)
            if wrong:
                raise Refused("golden-replaces", f"{identity} {wrong[0]}", at=file, hint=wrong[1])


def _replaced(identity: str, said: Mapping[str, Any], graph: Graph) -> tuple[str, str] | None:
    now = graph.resources.get(graph.former.get(identity, identity))
    if now is None:
        kind_and_name = identity.rsplit("::", 1)
        return (
            "is no longer registered: the engine would delete it, and make anew what took its place",
            f'give its successor aliases=[pulumi.Alias(name="{kind_and_name[1]}")], with parent and type where those '
            f"changed (docs/decisions/0011-golden-graph.md)\n"
            "if it is to go: remove its lines from the file by hand, for a reviewer to see",
        )
    for key, value in (said.get("fixed") or {}).items():
        if (now.get("fixed") or {}).get(key) != value:
            return (
                f"would be replaced: its {key} changes from {value} to {(now.get('fixed') or {}).get(key, 'nothing')}",
                f"leave {key} as it is, or remove its line from the file by hand, for a reviewer to see",
            )
    if said.get("protected") and not now.get("protected"):
        return (
            "loses its protection",
            "leave `protect` on, or remove its line from the file by hand, for a reviewer to see",
        )
    return None
