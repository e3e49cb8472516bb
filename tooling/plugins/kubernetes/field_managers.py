"""Field ownership (`metadata.managedFields`), and taking over fields from `kubectl` and from this plug-in's creates.

A create is a POST by `pulumi-kubernetes`, which is recorded as an *Update*; updates are server-side *Apply* by the
object's own manager. Unless the entries are merged first, the Update entry keeps every field alive that the program
drops. `kubectl`'s entries are taken over too, as the released plug-in does; anybody else's are conflicts, and so is
what `kubectl` wrote to a subresource (`kubectl scale`). A preview merges nothing: see `forced_in_preview`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tooling.plugins.provider.paths import Path

# Prefixes: kubectl-client-side-apply, kubectl-edit, kubectl-label and so on.
_TAKEN_OVER = {
    "Apply": ("kubectl",),
    "Update": ("kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes"),
}
_CREATORS = ("pulumi-kubernetes", "pulumi-kubernetes.exe", "pulumi-resource-kubernetes")

Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ourselves:
    """Who counts as us on one object."""

    manager: str
    formerly: str
    """The manager of the last update; another one only if the program chose a new name."""
    takes_kubectl_over: bool
    """Not for a `…Patch`: what `kubectl` wrote belongs to whoever owns the object."""

    def merged(self, entries: Sequence[Entry]) -> list[Entry] | None:
        """The entries with the plug-in's own merged into one Apply entry, or `None` if there is nothing to merge."""
        ours = [entry for entry in entries if self._is_ours(entry)]
        if all(entry.get("manager") == self.manager and entry.get("operation") == "Apply" for entry in ours):
            return None
        fields: dict[str, Any] = {}
        for entry in ours:
            fields = _union(fields, entry.get("fieldsV1") or {})
        one = {**ours[0], "manager": self.manager, "operation": "Apply", "fieldsV1": fields}
        return [entry for entry in entries if entry not in ours] + [one]

    def _is_ours(self, entry: Entry) -> bool:
        if entry.get("subresource"):
            return False
        manager = str(entry.get("manager"))
        if self.takes_kubectl_over and manager.startswith(_TAKEN_OVER.get(str(entry.get("operation")), ())):
            return True
        return manager in (self.manager, self.formerly)


def entries_of(live: Mapping[str, Any]) -> list[Entry]:
    return live.get("metadata", {}).get("managedFields") or []


def forced_in_preview(entries: Iterable[Entry]) -> bool:
    """Whether a dry run overrides conflicts: as long as the entry of the object's creation is there.

    From the first update on it is not, and a dry run meets what `kubectl` changed as a conflict, although the real
    update would take it over.
    """
    return any(entry.get("operation") == "Update" and entry.get("manager") in _CREATORS for entry in entries)


def owned_by_others_only(entries: Iterable[Entry], manager: str, location: Path) -> bool:
    """Whether only other managers own the field at `location`; lists are not searched."""
    owners = {entry.get("manager") for entry in entries if _owns(entry.get("fieldsV1") or {}, location)}
    return bool(owners) and manager not in owners


def _union(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    union = dict(left)
    for key, value in right.items():
        union[key] = _union(union.get(key, {}), value)
    return union


def _owns(fields: Mapping[str, Any], location: Path) -> bool:
    for key in location:
        if f"f:{key}" not in fields:
            return False
        fields = fields[f"f:{key}"]
    return True
