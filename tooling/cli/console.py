"""Where output goes: stdout is data, stderr is everything else."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

JSON_VERSION = 2
"""Raised whenever a key is renamed or removed. 2: an error's `hint` became `hint`."""


def messages() -> Console:
    """For people: progress, tables, errors. Obeys `NO_COLOR`."""
    return Console(stderr=True, highlight=False)


def print_document(content: dict[str, Any]) -> None:
    """Prints a JSON document with its version on stdout."""
    sys.stdout.write(json.dumps({"version": JSON_VERSION, **content}, indent=2) + "\n")
    sys.stdout.flush()
