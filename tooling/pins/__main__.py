"""Looks up every pin and prints the answers; with `--write`, records them in `shared/versions.py`, and the checksums of
released programs in `tooling/lane/release_checksums.json`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from shared.environment import load_environment
from shared.errors import ExitCode
from tooling.lane.releases import CHECKSUMS
from tooling.paths import REPOSITORY
from tooling.pins.releases import Checksum, completed, published
from tooling.pins.rewrite import rewritten
from tooling.pins.sources import Answer, answers
from tooling.whole_files import write_whole

_FILE = REPOSITORY / "shared" / "versions.py"


def main(arguments: list[str]) -> int:
    """Returns 4 if a pin does not exist or has moved, 1 if a publisher could not be asked."""
    parser = argparse.ArgumentParser(prog="make pins", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write digests, sources, dates and checksums")
    write = parser.parse_args(arguments).write
    found = list(answers(load_environment("dev").region))
    console = Console(stderr=True, highlight=False)
    console.print(_table(found))
    checksums = list(published())
    console.print(_checksum_table(checksums))
    unanswered = [(each.name, each.why) for each in (*found, *checksums) if each.why]
    for why in dict.fromkeys(why for _, why in unanswered):
        names = ", ".join(name for name, other in unanswered if other == why)
        console.print(f"\ncould not be checked: {names}", soft_wrap=True)
        console.print(f"  {why}", markup=False, soft_wrap=True)
    if write:
        text = _FILE.read_text(encoding="utf-8")
        new = rewritten(text, found, datetime.now(UTC).date())
        _FILE.write_text(new, encoding="utf-8")
        done = "is unchanged" if new == text else "is written; next: make test-unit"
        console.print(f"shared/versions.py {done}")
        before = CHECKSUMS.read_text(encoding="utf-8")
        after = completed(before, checksums)
        write_whole(CHECKSUMS, after)
        console.print(f"{CHECKSUMS.relative_to(REPOSITORY)} {'is unchanged' if after == before else 'is written'}")
    if any(answer.exists is False or answer.moved for answer in found) or any(each.moved for each in checksums):
        return ExitCode.CHANGES_FOUND
    return ExitCode.DEPLOYMENT_FAILED if unanswered else ExitCode.DONE


def _table(found: list[Answer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("pin", "", "has", "newest"):
        table.add_column(column, no_wrap=True)
    for answer in found:
        has = answer.pin.value.partition("@")[0].rpartition(":")[2]
        table.add_row(answer.name, _verdict(answer), has, answer.newest)
    return table


def _checksum_table(found: list[Checksum]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("released file", "", "pinned"):
        table.add_column(column, no_wrap=True)
    for each in found:
        verdict = "[yellow]not checked[/]" if each.why else "[red]moved[/]" if each.moved else "[green]exists[/]"
        table.add_row(each.name, verdict, f"{each.pinned[:12]}…" if each.pinned else "no")
    return table


def _verdict(answer: Answer) -> str:
    if answer.exists is None:
        return "[yellow]not checked[/]"
    if answer.moved:
        return "[red]moved[/]"
    return "[green]exists[/]" if answer.exists else "[red]missing[/]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
