"""Errors raised while a Pulumi program runs.

The engine prints a `pulumi.RunError` as its message alone and anything else as a traceback. `shared.errors` stays free
of imports, so the two are joined here.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import pulumi

from shared.errors import BadInput, PlatformError, Refused


class ProgramError(PlatformError, pulumi.RunError):
    """A `PlatformError` that the engine prints without a traceback."""


class ProgramInputError(BadInput, pulumi.RunError):
    """A setting, catalog entry or upstream output that a program cannot use."""


class ProgramRefused(Refused, pulumi.RunError):
    """A guard of the platform refused the operation while a program ran."""


@contextmanager
def program_errors() -> Generator[None]:
    """Converts errors of modules that do not import Pulumi into program errors."""
    try:
        yield
    except pulumi.RunError:
        raise
    except PlatformError as error:
        raise ProgramError(error.code, error.what, at=error.at, hint=error.hint, exit_code=error.exit_code) from error
