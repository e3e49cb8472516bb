"""Looks up every pin and prints the answers; with `--write`, records them in `shared/versions.py`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from shared.environment import load_environment
from shared.errors import ExitCode
from tooling.paths import REPOSITORY
from tooling.pins.rewrite import rewritten
from tooling.pins.sources import Answer, answers

_FILE = REPOSITORY / "shared" / "versions.py"


def main(arguments: list[str]) -> int:
    """Returns 4 if a pin does not exist or has moved, 1 if a publisher could not be asked."""
    parser = argparse.ArgumentParser(prog="make pins", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write digests, sources and dates into shared/versions.py")
    write = parser.parse_args(arguments).write
    found = list(answers(load_environment("dev").region))
    console = Console(stderr=True, highlight=False)
    console.print(_table(found))
    for why in dict.fromkeys(answer.why for answer in found if answer.why):
        names = ", ".join(answer.name for answer in found if answer.why == why)
        console.print(f"\ncould not be checked: {names}", soft_wrap=True)
        console.print(f"  {why}", markup=False, soft_wrap=True)
    if write:
        text = _FILE.read_text(encoding="utf-8")
        new = rewritten(text, found, datetime.now(UTC).date())
        _FILE.write_text(new, encoding="utf-8")
        done = "is unchanged" if new == text else "is written; next: make test-unit"
        console.print(f"shared/versions.py {done}")
    if any(answer.exists is False or answer.moved for answer in found):
        return ExitCode.CHANGES_FOUND
    return ExitCode.DEPLOYMENT_FAILED if any(answer.exists is None for answer in found) else ExitCode.DONE


def _table(found: list[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("pin", "", "has", "newest"):
        table.add_column(column, no_wrap=True)
    for answer in found:
        has = answer.pin.value.partition("@")[0].rpartition(":")[2]
        table.add_row(answer.name, _verdict(answer), has, answer.newest)
    return table


def _verdict(answer: Answer) -> str:
    if answer.exists is None:
        return "[yellow]not checked[/]"
    if answer.moved:
        return "[red]moved[/]"
    return "[green]exists[/]" if answer.exists else "[red]missing[/]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
