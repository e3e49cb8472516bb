"""Hints for errors worded by others: AWS errors about the clock, credentials, throttling and outages; a full disk; an
object that exists already.

Used by the lane's own aws plug-in, and appended to errors of the released one; see docs/guides/when-it-fails.md. Where
the resource is known, `tooling.aws_refusals` adds more.
"""

from __future__ import annotations

import re

from shared.kubernetes_labels import PART_OF_LABEL
from tooling.aws_refusals.families import AGAIN, FAMILIES, UNAVAILABLE, family_of

_TAKEN = (
    f"its label {PART_OF_LABEL} names the application that it belongs to (kubectl get --show-labels); give the object "
    "of this program another name"
)


def aws_hint(code: str, message: str, *, status: int = 0) -> str:
    """The hint for an AWS error, or an empty string. `status` is the HTTP status, 0 if unknown."""
    for family in FAMILIES:
        if re.fullmatch(family.codes, code) and re.search(family.messages, message):
            return family.hint
    return UNAVAILABLE.hint if status in (500, 502, 503, 504) else ""


def with_hint(message: str) -> str:
    """A plug-in's message, with a hint appended if it contains such an error and has none."""
    if "hint: " in message:
        return message
    if "no space left on device" in message:
        return f"{message}\nhint: free some space (df -h .local ~/.cache), and {AGAIN}"
    if re.search(r"Kubernetes API server: .* already exists", message):
        return f"{message}\nhint: {_TAKEN}"
    family = family_of(message)
    return f"{message}\nhint: {family.hint}" if family is not None and family.hint else message
