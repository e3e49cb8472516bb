"""One row of the table: what is wrong, and what a person must read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.errors import ExitCode
from tests.bad_input.site import Site

Change = Callable[[Site], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    command: str
    """Of `tiers`, split at blanks; `{lane}` is the lane's directory."""
    wrong: tuple[Change, ...] = ()
    """Done to a copy of the clone, or to the lane, before the command runs."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the environment, on top of a washed one."""
    lane: Literal["absent", "stopped", "running"] = "absent"
    caller: str = ""
    """Whose credentials AWS says it was shown: an account, or the code of an error; empty: there are none."""
    exit_code: ExitCode = ExitCode.BAD_INPUT
    code: str
    place: str
    """Must stand in the error's `at`."""
    says: str = ""
    """Must stand in the error's sentence."""
    nearest: str = ""
    """The known name that must be suggested."""


def write(path: str, text: str | bytes) -> Change:
    def change(site: Site) -> None:
        target = site.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    return change


def append(path: str, text: str) -> Change:
    def change(site: Site) -> None:
        with (site.root / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def edit(path: str, old: str, new: str) -> Change:
    def change(site: Site) -> None:
        target = site.root / path
        before = target.read_text(encoding="utf-8")
        assert before.count(old) >= 1, f"{path} does not hold {old!r}"
        target.write_text(before.replace(old, new, 1), encoding="utf-8")

    return change


def remove(pattern: str) -> Change:
    def change(site: Site) -> None:
        found = list(site.root.glob(pattern))
        assert found, f"nothing matches {pattern}"
        for path in found:
            path.unlink()

    return change


def rename(path: str, name: str) -> Change:
    return lambda site: (site.root / path).rename((site.root / path).with_name(name)) and None


def directory_at(path: str) -> Change:
    return lambda site: (site.root / path).mkdir()


def link(path: str, target: str) -> Change:
    return lambda site: (site.root / path).symlink_to(target)


def pipe(path: str) -> Change:
    return lambda site: os.mkfifo(site.root / path)


def in_lane(path: str, text: str | None) -> Change:
    """Writes a file of the lane; None removes it."""

    def change(site: Site) -> None:
        target = site.lane / path
        if text is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")

    return change
