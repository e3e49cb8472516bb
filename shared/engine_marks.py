"""The marks by which Pulumi's engine tells special values from plain ones, on the wire and in a state.

Written out, since importing the SDK takes longer than all else that a plug-in or `tiers` does at its start; a test
compares them with the SDK's. Source: pulumi, sdk/go/common/resource: sig/sig.go and plugin/rpc.go (`Unknown…Value`).
"""

from __future__ import annotations

from typing import Any

from shared.narrowing import is_dict, is_list

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a string, or a value of any type, that is not known yet."""

UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""The same for every kind of value."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of an object that is not a plain one: its value says what the object is."""

SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks a secret, and is none
"""The signature of a secret, whose member `value` is the plain value."""

RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
"""The signature of a reference to a resource."""


def is_secret(value: Any) -> bool:
    return is_dict(value) and value.get(SIGNATURE) == SECRET


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def without_secrets(value: Any) -> Any:
    """The value with the plain value of every secret inside it."""
    if is_secret(value):
        return without_secrets(value.get("value"))
    if is_dict(value):
        return {key: without_secrets(item) for key, item in value.items()}
    return [without_secrets(item) for item in value] if is_list(value) else value
