"""Writes answers into `shared/versions.py`: value, source and date of a pin. Leaves the rest of the file alone."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from datetime import date

from tooling.pins.sources import Answer


def rewritten(text: str, answers: Iterable[Answer], today: date) -> str:
    """The module's text with every pin that was found updated. A pin whose tag has moved is left unchanged."""
    found = {answer.pin.value: answer for answer in answers if answer.exists and not answer.moved}
    edits: list[tuple[int, int, str]] = []
    starts = _line_starts(text)
    for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
        arguments = {keyword.arg: keyword.value for keyword in call.keywords}
        if not {"value", "source", "read_on"} <= arguments.keys():
            continue
        answer = found.get(_constant(arguments["value"]))
        if answer is None:
            continue
        new = {
            "value": json.dumps(answer.value),
            "source": json.dumps(answer.source),
            "read_on": f"date({today.year}, {today.month}, {today.day})",
        }
        for name, written in new.items():
            node = arguments[name]
            begin = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
            edits.append((begin, end, written))
    content = text.encode()
    for begin, end, written in sorted(edits, reverse=True):
        content = content[:begin] + written.encode() + content[end:]
    return content.decode()


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _line_starts(text: str) -> list[int]:
    """Offsets in bytes, which is how `ast` counts columns."""
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts
