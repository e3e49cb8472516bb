"""The kinds of change of a property, as both plug-ins find them."""

from __future__ import annotations

from enum import Enum


class ChangeKind(Enum):
    """Members have the names of the engine's `PropertyDiff.Kind`.

    Imports nothing of the engine's protocol: the aws plug-in loads that without the rest of the SDK.
    """

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"

    def engine_name(self, *, replaces: bool) -> str:
        """The name in `PropertyDiff.Kind`, of a change made in place or by a replacement."""
        return f"{self.name}_REPLACE" if replaces else self.name
