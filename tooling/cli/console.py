"""Where output goes: answers and tables to stdout, progress, warnings and errors to stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

_UNLIMITED_COLUMNS = 10_000

JSON_VERSION = 2
"""Increased whenever a key is renamed or removed. 2: an error's `mend` became `hint`."""


def messages() -> Console:
    """For progress, warnings and errors. Obeys `NO_COLOR`."""
    return Console(stderr=True, highlight=False)


def results() -> Console:
    """For what a command was asked for. A pipe or a file gets whole lines; only a terminal wraps them."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _UNLIMITED_COLUMNS)


def print_document(content: dict[str, Any]) -> None:
    """Print a JSON document with its version on stdout."""
    sys.stdout.write(json.dumps({"version": JSON_VERSION, **content}, indent=2) + "\n")
    sys.stdout.flush()
