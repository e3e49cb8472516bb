"""What is said of an object while it is waited for: ready, not yet, or never."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tooling.plugins.kubernetes.failures import shortened

REASON_LIMIT = 300
"""Characters of one condition's or event's message."""


@dataclass(frozen=True)
class Verdict:
    ready: bool
    hopeless: bool = False
    """No further waiting can help."""
    reasons: tuple[str, ...] = ()
    """Why it is not ready: one short sentence each, for people."""


READY = Verdict(ready=True)


def not_yet(*reasons: str) -> Verdict:
    return Verdict(ready=False, reasons=reasons)


def never(*reasons: str) -> Verdict:
    return Verdict(ready=False, hopeless=True, reasons=reasons)


def condition(live: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """`status.conditions[type=kind]`, empty where the controller has not written it."""
    for entry in status(live).get("conditions") or []:
        if entry.get("type") == kind:
            return entry
    return {}


def is_true(live: Mapping[str, Any], kind: str) -> bool:
    return condition(live, kind).get("status") == "True"


def message_of(entry: Mapping[str, Any]) -> str:
    """`Reason: message` of a condition, an event or a container's state."""
    parts = [str(entry[key]) for key in ("reason", "message") if entry.get(key)]
    return shortened(": ".join(parts), REASON_LIMIT)


def spec(live: Mapping[str, Any]) -> dict[str, Any]:
    return live.get("spec") or {}


def status(live: Mapping[str, Any]) -> dict[str, Any]:
    return live.get("status") or {}


def observed(live: Mapping[str, Any]) -> bool:
    """Whether the controller has seen the newest generation, so that its status speaks of it."""
    return status(live).get("observedGeneration", 0) >= live.get("metadata", {}).get("generation", 0)
