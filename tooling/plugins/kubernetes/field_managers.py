"""Who owns which field of an object (`metadata.managedFields`), and taking over from `kubectl` and from ourselves.

What was written by POST or PUT (the released plug-in's creates, a CustomResourceDefinition) is recorded as an *Update*,
even under our own name; our updates are server-side *Apply*. Unless the entries are merged first, the Update entry
keeps every field alive that we stop applying. `kubectl`'s entries are taken over too, as the released plug-in does;
anybody else's are conflicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tooling.plugins.kubernetes.diff import Key

# Prefixes: kubectl-client-side-apply, kubectl-edit, kubectl-label and so on.
_TAKEN_OVER_PREFIXES = ("kubectl", "before-first-apply", "pulumi-resource-kubernetes")

Entry = dict[str, Any]


def taken_over(entries: Sequence[Entry], manager: str) -> list[Entry] | None:
    """The entries with ours merged into one Apply entry, or `None` if that changes nothing."""
    ours = [entry for entry in entries if _is_ours(entry, manager)]
    if not any(_is_foreign_form(entry, manager) for entry in ours):
        return None
    fields: dict[str, Any] = {}
    for entry in ours:
        fields = _union(fields, entry.get("fieldsV1") or {})
    merged = {**ours[0], "manager": manager, "operation": "Apply", "fieldsV1": fields}
    return [entry for entry in entries if entry not in ours] + [merged]


def needs_take_over(live: Mapping[str, Any], manager: str) -> bool:
    entries = live.get("metadata", {}).get("managedFields") or []
    return taken_over(entries, manager) is not None


def owned_by_others_only(entries: Iterable[Entry], manager: str, location: Sequence[Key]) -> bool:
    """Whether others own the field at `location` and we do not; lists are not looked into."""
    owners = {entry.get("manager") for entry in entries if _owns(entry.get("fieldsV1") or {}, location)}
    return bool(owners) and manager not in owners


def _is_ours(entry: Entry, manager: str) -> bool:
    if entry.get("subresource"):
        return False
    return entry.get("manager") == manager or str(entry.get("manager")).startswith(_TAKEN_OVER_PREFIXES)


def _is_foreign_form(entry: Entry, manager: str) -> bool:
    return entry.get("manager") != manager or entry.get("operation") != "Apply"


def _union(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(left)
    for key, value in right.items():
        merged[key] = _union(merged.get(key, {}), value)
    return merged


def _owns(fields: Mapping[str, Any], location: Sequence[Key]) -> bool:
    for key in location:
        if f"f:{key}" not in fields:
            return False
        fields = fields[f"f:{key}"]
    return True
