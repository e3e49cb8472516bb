"""How generated pages look: the note at their top, and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTE = "<!-- written by `make update-generated` -->\n\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    lines.extend(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    return "\n".join(lines) + "\n"
