"""When the remaining kinds are ready: definitions, namespaces, quotas, token Secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.kubernetes.waiting.verdicts import (
    READY,
    Verdict,
    condition,
    is_true,
    message_of,
    never,
    not_yet,
    spec,
    status,
)


def custom_resource_definition(live: Mapping[str, Any]) -> Verdict:
    """Established: objects of the kind can be created."""
    if is_true(live, "Established"):
        return READY
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        return never(message_of(names))
    return not_yet("the API server does not serve the kind yet")


def namespace(live: Mapping[str, Any]) -> Verdict:
    phase = status(live).get("phase")
    if phase == "Terminating":
        return never("the namespace is being deleted")
    return READY if phase == "Active" else not_yet("the namespace is not active yet")


def resource_quota(live: Mapping[str, Any]) -> Verdict:
    """The quota controller has taken the limits over, so that they hold for what is created next."""
    if (spec(live).get("hard") or {}) == (status(live).get("hard") or {}):
        return READY
    return not_yet("the quota controller has not taken its limits over yet")


def secret(live: Mapping[str, Any]) -> Verdict:
    if live.get("type") != "kubernetes.io/service-account-token" or live.get("data"):
        return READY
    return not_yet("the token controller has not written its token yet")
