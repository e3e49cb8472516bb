"""Hints for errors raised by other software: AWS errors about clock, credentials, throttling or outages; a full disk.

The local aws plug-in prints them, and they are added to the errors of the released one; see
docs/guides/when-it-fails.md. Where the resource is known, `tooling.aws_refusals` gives a more specific hint.
"""

from __future__ import annotations

import re

from tooling.aws_refusals.families import AGAIN, FAMILIES, UNAVAILABLE, family_of


def aws_hint(code: str, message: str, *, status: int = 0) -> str:
    """The hint for an AWS error, or an empty string. `status` is the HTTP status, 0 if unknown."""
    for family in FAMILIES:
        if re.fullmatch(family.codes, code) and re.search(family.messages, message):
            return family.hint
    return UNAVAILABLE.hint if status in (500, 502, 503, 504) else ""


def with_hint(said: str) -> str:
    """A plug-in's message, with a hint appended if it names such an error and has no hint yet."""
    if "hint: " in said:
        return said
    if "no space left on device" in said:
        return f"{said}\nhint: free some space (df -h .local ~/.cache), and {AGAIN}"
    family = family_of(said)
    return f"{said}\nhint: {family.hint}" if family is not None and family.hint else said
