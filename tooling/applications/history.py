"""The releases of an application: the updates of its stack, as the backend recorded them.

Every `pulumi up` of the stack, by `tiers` or by hand, leaves its configuration and its result in the backend, whatever
the backend is (docs/decisions/0025-releases.md). Nothing else is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.errors import BadInput
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId

_ALL = "1000000"
"""`pulumi stack history` shows ten updates unless it is told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One update of the stack."""

    number: int
    """Counts from 1; no later update changes it."""
    result: str
    """As the engine calls it: `succeeded`, `failed` or `in-progress`."""
    started: str
    """ISO 8601, UTC."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The stack's own settings without secrets, as the engine passes them: text as it is, the rest as JSON."""
    message: str = ""
    """First line of the commit that was checked out."""

    @property
    def image(self) -> str:
        """Tag and digest, whichever is set; the repository does not differ from release to release."""
        tag, digest = self.settings.get("image_tag", ""), self.settings.get("image_digest", "")
        return " ".join(filter(None, [tag, digest[:19]]))


def releases(engine: Engine, stack: StackId) -> list[Release]:
    """Every update of the stack, oldest first; empty if it was never deployed."""
    if engine.is_new(stack):
        return []
    arguments = ("stack", "history", "--json", "--full-dates", "--page-size", _ALL, "--stack", stack.stack)
    text = engine.run(*arguments, work_dir=engine.work_dir(stack))
    return parse_history(json.loads(text), project=stack.project)


def parse_history(updates: Sequence[Mapping[str, Any]], *, project: str) -> list[Release]:
    """Reads what `pulumi stack history --json` prints, newest first."""
    ups = [update for update in reversed(updates) if update["kind"] == "update"]
    return [
        Release(
            number=number,
            result=update.get("result") or "in-progress",
            started=update["startTime"],
            settings=_settings(update.get("config") or {}, project),
            message=(update.get("message") or "").partition("\n")[0],
        )
        for number, update in enumerate(ups, start=1)
    ]


def _settings(config: Mapping[str, Mapping[str, Any]], project: str) -> dict[str, str]:
    prefix = f"{project}:"
    return {
        key.removeprefix(prefix): value["value"]
        for key, value in sorted(config.items())
        if key.startswith(prefix) and not value.get("secret") and "value" in value
    }


def current(found: Sequence[Release]) -> Release | None:
    """The newest release, whatever became of it."""
    return found[-1] if found else None


def last_good(found: Sequence[Release], *, but: Mapping[str, str] | None = None) -> Release | None:
    """The newest release that succeeded, of those with other settings than `but`."""
    good = [one for one in found if one.result == "succeeded" and (but is None or one.settings != but)]
    return good[-1] if good else None


def numbered(found: Sequence[Release], number: int, stack: StackId) -> Release:
    """The release of that number.

    Raises:
        BadInput: `release-unknown`.
    """
    for one in found:
        if one.number == number:
            return one
    raise BadInput(
        "release-unknown",
        f"{stack} has no release {number}" + (f": it has 1 to {len(found)}" if found else ": it was never deployed"),
        at="--to",
        hint=f"tiers app history {stack.project} --stack {stack.environment}",
    )


def changed_settings(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """`key: old → new` of each setting that differs, in alphabetical order."""
    keys = sorted({*before, *after})
    return [
        f"{key}: {before.get(key, '(default)')} → {after.get(key, '(default)')}"
        for key in keys
        if before.get(key) != after.get(key)
    ]
