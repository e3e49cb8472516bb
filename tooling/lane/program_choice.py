"""How missing programs are obtained: what the user chose."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from enum import StrEnum

from shared.environment_variables import TIERS_PROGRAMS
from shared.errors import BadInput, nearest
from tooling.lane.releases import Release

Ask = Callable[[Sequence[Release]], bool]
"""Asks the user whether these files may be downloaded; there is one on a terminal only."""


class Programs(StrEnum):
    RELEASE = "release"
    """Download what the projects release, and build what they do not release for this machine."""
    BUILD = "build"
    """Build everything with Go; fetches Go modules only."""
    AUTO = "auto"
    """On a terminal, ask; otherwise build, so that nothing is downloaded without having been asked for."""


def chosen(flag: str | None = None) -> Programs:
    """What `--programs` says, or else the environment.

    Raises:
        BadInput: it is not one of `Programs`.
    """
    value = flag if flag is not None else os.environ.get(TIERS_PROGRAMS.name) or Programs.AUTO
    try:
        return Programs(value)
    except ValueError:
        known = ", ".join(Programs)
        raise BadInput(
            "programs-unknown",
            f"{value!r} is not a way to obtain programs{nearest(value, Programs)}",
            at=TIERS_PROGRAMS.name if flag is None else "--programs",
            hint=f"use one of: {known}",
        ) from None
