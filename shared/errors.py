"""The errors people see, and nothing else.

Every error has four parts (code, what, at, hint) so that leaving out the hint is a decision somebody wrote. Standard
library only: anything may import this module, and `tiers --help` stays quick. Errors raised while a Pulumi program runs
use `shared.program_errors`, which adds the type that the engine prints without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of `tiers`, sorted by whose move is next."""

    DONE = 0
    DEPLOYMENT_FAILED = 1
    BAD_INPUT = 2
    REFUSED = 3
    CHANGES_FOUND = 4
    INTERRUPTED = 130


class PlatformError(Exception):
    """A failure that a person can act on.

    Args:
        code: kebab-case, stable, e.g. `output-missing`; tests and scripts match on it.
        what: one sentence, no full stop, that names what was wrong.
        at: the file, stack or setting to look at; empty only if `what` already names it.
        hint: the command or edit that fixes it; empty only where nobody can.
        exit_code: what `tiers` exits with.
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
        """The parts, as every JSON document shows an error."""
        return {"code": self.code, "what": self.what, "at": self.at, "hint": self.hint}


class BadInput(PlatformError):
    """A flag, setting or catalog file that cannot be used as it stands."""

    exit_code = ExitCode.BAD_INPUT


class Refused(PlatformError):
    """A guard said no: live dependants, protection, somebody else's lock."""

    exit_code = ExitCode.REFUSED


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns `, did you mean "x"?` for the known name closest to `name`, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f', did you mean "{matches[0]}"?' if matches else ""
