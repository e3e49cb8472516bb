"""Changes settings in the text of a `Pulumi.<stack>.yaml`; comments, order and everything else stay as they are.

`pulumi config set` writes the whole file again and drops comments, and it cannot write where the stack does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def with_settings(text: str, project: str, changes: Mapping[str, Any]) -> str:
    """The text with these settings of the project set; a value of `None` removes the setting.

    Args:
        text: a file that `tooling.runner.project_files` accepts, or nothing.
        changes: setting, without the project's name, to a value that YAML can express.
    """
    for key, value in changes.items():
        text = _with_setting(text, project, key, value)
    return text


def _with_setting(text: str, project: str, setting: str, value: Any) -> str:
    key = f"{project}:{setting}"
    entries = _config(text)
    # The engine reads a key without a namespace as the project's own.
    found = next(((name, node) for name, node in entries if name.value in (key, setting)), None)
    if found is not None:
        name, node = found
        if value is None:
            return _without(text, name, node)
        end = _end(node)
        return f"{text[: name.end_mark.index]}: {_written(value, node)}{text[end:]}"
    if value is None:
        return text
    line = f"{key}: {_written(value, None)}\n"
    if entries:
        name, node = entries[-1]
        at = _end_of_line(text, _end(node))
        return _complete(text[:at]) + " " * name.start_mark.column + line + text[at:]
    return _into_empty(text, line)


def _into_empty(text: str, line: str) -> str:
    """Where `config` has no entry, or is not there."""
    root = yaml.compose(text)
    if isinstance(root, yaml.MappingNode):
        for name, node in root.value:
            if name.value == "config":
                at = _end_of_line(text, max(name.end_mark.index + 1, _end(node)))
                return f"{text[: name.end_mark.index]}:\n  {line}{text[at:]}"
    return f"{_complete(text)}config:\n  {line}"


def _config(text: str) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    root = yaml.compose(text)
    if not isinstance(root, yaml.MappingNode):
        return []
    for name, node in root.value:
        if name.value == "config" and isinstance(node, yaml.MappingNode):
            return node.value
    return []


def _without(text: str, name: yaml.Node, node: yaml.Node) -> str:
    start = text.rfind("\n", 0, name.start_mark.index) + 1
    return text[:start] + text[_end_of_line(text, _end(node)) :]


def _end(node: yaml.Node) -> int:
    """Where the node's own text ends: a block collection ends for the parser only where the next key begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.index


def _end_of_line(text: str, index: int) -> int:
    at = text.find("\n", index)
    return len(text) if at < 0 else at + 1


def _complete(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _written(value: Any, before: yaml.Node | None) -> str:
    """The value in one line; a number in quotes where there was one in quotes, as the engine writes it."""
    if isinstance(before, yaml.ScalarNode) and before.style == '"' and not isinstance(value, dict | list):
        return _one_line(str(value) if not isinstance(value, bool) else str(value).lower(), style='"')
    return _one_line(value, style=None)


def _one_line(value: Any, *, style: str | None) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True, default_style=style)
    return text.removesuffix("\n").removesuffix("\n...").strip()
