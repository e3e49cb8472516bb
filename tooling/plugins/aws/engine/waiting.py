"""Waits until AWS has completed a request. The emulated AWS is usually done at once; AWS takes minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tooling.plugins.aws.engine.clients import Scope
from tooling.plugins.aws.engine.errors import NeverSettled

LONGEST_WAIT_SECONDS = 300.0
"""Far more than the emulated AWS needs; a guess, so that a stuck request ends in an error and does not hang."""

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


def wait_until(scope: Scope, what: str, pulumi_name: str, look: Callable[[], Any]) -> Any:
    """Polls at growing intervals until the result is not `None`, and returns it.

    Raises:
        NeverSettled: it timed out, or the operation was cancelled.
    """
    give_up_at, pause = time.monotonic() + LONGEST_WAIT_SECONDS, _FIRST_PAUSE_SECONDS
    while True:
        found = look()
        if found is not None:
            return found
        if scope.connection.cancelled.wait(pause):
            raise NeverSettled(f"cancelled while waiting for {what}", pulumi_name=pulumi_name)
        if time.monotonic() >= give_up_at:
            raise NeverSettled(f"{what} did not settle within {LONGEST_WAIT_SECONDS:.0f} s", pulumi_name=pulumi_name)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
