"""The hand-written and generated pages of the repository, and what they contain."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tooling.paths import REPOSITORY

_SKIPPED = {".git", ".local", ".pytest_cache", ".venv", "node_modules"}


def _pages() -> Iterator[Path]:
    for directory, below, names in os.walk(REPOSITORY):
        # The virtual environment holds twenty thousand files.
        below[:] = set(below) - _SKIPPED
        yield from (Path(directory, name) for name in names if name.endswith(".md"))


PAGES = sorted(_pages())
README = REPOSITORY / "README.md"


def identifier(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def links(page: Path) -> list[tuple[Path, str]]:
    """File and fragment of every link to a file of the repository."""
    found = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", page.read_text(encoding="utf-8"))
    return [
        ((page.parent / target).resolve() if target else page, fragment)
        for target, fragment in found
        if not target.startswith(("http://", "https://"))
    ]


def anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def console_lines(page: Path) -> list[str]:
    """The commands in a page's console blocks, without comments."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line[2:].split("  #")[0].strip() for line in lines if line.startswith("$ ")]
