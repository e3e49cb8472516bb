"""A runbook as a person follows it: settings to write, then commands to run, step by step."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_BLOCK = re.compile(r"```(yaml|console)\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What stands below one heading of second rank."""

    title: str
    settings: dict[str, Any]
    """Keys of the stack file, with the project's name."""
    commands: list[list[str]]
    """Arguments of `tiers`, in order."""


def steps(page: Path) -> list[Step]:
    """The steps that write settings or run `tiers`, in the page's order."""
    found = []
    for part in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        blocks = _BLOCK.findall(body)
        settings: dict[str, Any] = {}
        for kind, text in blocks:
            if kind == "yaml":
                settings |= yaml.safe_load(text)
        commands = [
            shlex.split(line.removeprefix("$ "), comments=True)[1:]
            for kind, text in blocks
            if kind == "console"
            for line in text.splitlines()
            if line.startswith("$ tiers ")
        ]
        if settings or commands:
            found.append(Step(title=title, settings=settings, commands=commands))
    return found
