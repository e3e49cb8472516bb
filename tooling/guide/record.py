"""Which steps of the tour are done in an environment, so that an interrupted tour goes on where it stopped.

Kept in the lane's directory: for the local environment it goes with the lane.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from tooling.whole_files import write_whole


class Record:
    """The record in `file`; an unreadable one counts as empty, since every step can be repeated."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def done(self) -> list[str]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            return [str(step) for step in content["done"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def add(self, step: str) -> None:
        self._write([*[one for one in self.done() if one != step], step])

    def remove(self, steps: Collection[str]) -> None:
        """Forgets steps that another one has undone."""
        self._write([one for one in self.done() if one not in steps])

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)

    def _write(self, steps: list[str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, json.dumps({"done": steps}))
