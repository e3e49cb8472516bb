"""Writes what the API server holds into a program's inputs: for refresh, and for import.

On refresh only fields that the program owns change, and only if the server's value moved since the state was written: a
quantity that the server spells its own way, or an item it adds on create, is no drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.manifest import Manifest

_ABSENT = object()
_SERVER_ANNOTATIONS = frozenset({m.LAST_APPLIED, "deployment.kubernetes.io/revision"})
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def refreshed_inputs(inputs: Mapping[str, Any], known: Mapping[str, Any], live: Mapping[str, Any]) -> Manifest:
    """The inputs with live values where they drifted.

    Args:
        inputs: what the program asked for last.
        known: the live object as the state remembers it.
        live: the live object now.
    """
    return _refreshed(dict(inputs), dict(known), dict(live))


def imported_inputs(live: Mapping[str, Any]) -> Manifest:
    """Inputs of an imported object: all fields except status and those that the server writes."""
    inputs = m.without_read_only(live)
    inputs.pop("status", None)
    metadata = dict(m.metadata(inputs))
    for member, noise in (("annotations", _SERVER_ANNOTATIONS), ("labels", frozenset({_NAMESPACE_LABEL}))):
        kept = {key: value for key, value in (metadata.get(member) or {}).items() if key not in noise}
        metadata.pop(member, None)
        if kept:
            metadata[member] = kept
    if inputs.get("kind") == "Namespace":
        inputs.pop("spec", None)  # its only member is the server's own finalizer
    return {**inputs, "metadata": metadata}


def _refreshed(inputs: Any, known: Any, live: Any) -> Any:
    if live == known:
        return inputs
    if isinstance(inputs, dict) and isinstance(live, dict):
        known = known if isinstance(known, dict) else {}
        merged = {key: _member(inputs[key], known.get(key, _ABSENT), live.get(key, _ABSENT)) for key in inputs}
        return {key: value for key, value in merged.items() if value is not _ABSENT}
    if isinstance(inputs, list) and isinstance(live, list):
        return _items(inputs, known if isinstance(known, list) else [], live)
    return live


def _member(inputs: Any, known: Any, live: Any) -> Any:
    if live is not _ABSENT:
        return _refreshed(inputs, known, live)
    # Never shown by the server (a Secret's `stringData`, an empty list): nothing is known of its drift.
    return inputs if known is _ABSENT else _ABSENT


def _items(inputs: list[Any], known: list[Any], live: list[Any]) -> list[Any]:
    """Items are matched by `name` where they have one, as the API server merges them, else by position.

    Items that the server had already when the state was written, and the program never named, stay out.
    """
    inputs_by_key, known_by_key = _keyed(inputs), _keyed(known)
    result = []
    for key, item in _keyed(live).items():
        if key in inputs_by_key:
            result.append(_refreshed(inputs_by_key[key], known_by_key.get(key, _ABSENT), item))
        elif key not in known_by_key:
            result.append(item)
    return result


def _keyed(items: list[Any]) -> dict[Any, Any]:
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
        return dict(zip(names, items, strict=True))
    return dict(enumerate(items))
