"""Errors raised while a Pulumi program runs.

The engine prints a `pulumi.RunError` as its message alone and anything else as a traceback. `shared.errors` stays free
of imports, so the two are joined here.
"""

from __future__ import annotations

import pulumi

from shared.errors import BadInput, PlatformError


class ProgramError(PlatformError, pulumi.RunError):
    """A `PlatformError` that the engine prints without a traceback."""


class ProgramInputError(BadInput, pulumi.RunError):
    """A setting or catalog entry that a program cannot use."""
