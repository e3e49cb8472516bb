"""Adds an image repository to the text of a tenant's file; comments and everything else stay as they are."""

from __future__ import annotations

import yaml

_KEY = "repositories"


def with_repository(text: str, name: str) -> str:
    """The text with `name` among `repositories`.

    Args:
        text: a file that `shared.catalog` accepts.
    """
    root = yaml.compose(text)
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    for key, node in entries:
        if key.value != _KEY or not isinstance(node, yaml.SequenceNode):
            continue
        if name in [item.value for item in node.value]:
            return text
        if node.flow_style:
            at = node.value[-1].end_mark.index if node.value else node.start_mark.index + 1
            return f"{text[:at]}{', ' if node.value else ''}{name}{text[at:]}"
        last = node.value[-1]
        at = text.find("\n", last.end_mark.index)
        line = f"\n{' ' * node.start_mark.column}- {name}"
        return f"{text.rstrip()}{line}\n" if at < 0 else f"{text[:at]}{line}{text[at:]}"
    complete = text if not text or text.endswith("\n") else f"{text}\n"
    return f"{complete}{_KEY}: [{name}]\n"
