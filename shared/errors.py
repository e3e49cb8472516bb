"""The errors that users see.

Every error has four mandatory parts (code, what, at, hint), so that an empty hint is a deliberate choice. Standard
library only: any module may import this one, and `tiers --help` stays fast. Errors raised while a Pulumi program runs
use `shared.program_errors`, which adds the type that the engine prints without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of `tiers`, by who has to act next."""

    DONE = 0
    DEPLOYMENT_FAILED = 1
    BAD_INPUT = 2
    REFUSED = 3
    CHANGES_FOUND = 4
    INTERRUPTED = 130


class PlatformError(Exception):
    """A failure that the user can act on.

    Args:
        code: kebab-case, stable, e.g. `output-missing`; tests and scripts match on it.
        what: one sentence without a full stop that says what is wrong.
        at: the file, stack or setting to look at; empty only if `what` already names it.
        hint: the command or edit that fixes it; empty only if there is no fix.
        exit_code: the exit code of `tiers`.
    """

    exit_code: ExitCode = ExitCode.DEPLOYMENT_FAILED

    def __init__(self, code: str, what: str, *, at: str, hint: str, exit_code: ExitCode | None = None) -> None:
        self.code = code
        self.what = what
        self.at = at
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {self.what}"]
        if self.at:
            lines.append(f"  at: {self.at}")
        lines.extend(f"hint: {line}" for line in self.hint.splitlines())
        return "\n".join(lines)

    def document(self) -> dict[str, str]:
        """The parts, in the form that every JSON document uses for an error."""
        return {"code": self.code, "what": self.what, "at": self.at, "hint": self.hint}


class BadInput(PlatformError):
    """An invalid flag, setting or catalog file."""

    exit_code = ExitCode.BAD_INPUT


class Refused(PlatformError):
    """A guard refused the operation: live dependants, protection, a lock held by another process."""

    exit_code = ExitCode.REFUSED


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns `, did you mean "x"?` for the known name closest to `name`, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f', did you mean "{matches[0]}"?' if matches else ""
