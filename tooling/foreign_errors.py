"""What to do about errors that others word: those of AWS about clock, credentials, traffic and itself; a full disk.

Told by the lane's own aws plug-in, and added to what the released one says; see docs/guides/when-it-fails.md. Where the
resource is known, `tooling.aws_refusals` says more.
"""

from __future__ import annotations

import re

from tooling.aws_refusals.families import AGAIN, FAMILIES, UNAVAILABLE, family_of


def aws_hint(code: str, message: str, *, status: int = 0) -> str:
    """What to do about an error that AWS answers, or an empty string. `status` is HTTP's, 0 if it is not known."""
    for family in FAMILIES:
        if re.fullmatch(family.codes, code) and re.search(family.messages, message):
            return family.hint
    return UNAVAILABLE.hint if status in (500, 502, 503, 504) else ""


def with_hint(said: str) -> str:
    """What a plug-in said, with a hint at the end if it names such an error and has no hint."""
    if "hint: " in said:
        return said
    if "no space left on device" in said:
        return f"{said}\nhint: free some space (df -h .local ~/.cache), and {AGAIN}"
    family = family_of(said)
    return f"{said}\nhint: {family.hint}" if family is not None and family.hint else said
