"""Changes one object on the API server, by server-side apply under its resource's field manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import PlatformError
from tooling.plugins.kubernetes import failures, naming, operations
from tooling.plugins.kubernetes import field_managers as owners
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.client import ApiError
from tooling.plugins.kubernetes.cluster import Cluster, Target
from tooling.plugins.kubernetes.manifest import Manifest
from tooling.plugins.kubernetes.operations import Resource, Stored
from tooling.plugins.provider.paths import parse
from tooling.plugins.provider.wire import has_unknown

_TAKE_OVER_ATTEMPTS = 3
"""Somebody may write the object between our reading its managers and merging them."""


def update(
    resource: Resource,
    identity: str,
    state: Mapping[str, Any],
    inputs: Manifest,
    *,
    ignore_changes: Sequence[str],
    timeout_seconds: float,
    preview: bool,
) -> Stored | None:
    """Applies the inputs to the object that the state remembers, and waits for it.

    Returns:
        `None` if a preview cannot tell anything: the inputs stand.

    Raises:
        PlatformError: what the API server refused. InitFailed: it is stored, but not ready.
    """
    cluster, body = resource.cluster, operations.to_api(inputs)
    kind = cluster.kind_of(body)
    if preview and (has_unknown(inputs) or kind is None):
        return None
    if kind is None:
        raise failures.unknown_kind(body)
    target = cluster.known_target(kind, identity)
    manager = naming.field_manager(inputs, state)
    ourselves = owners.Ourselves(
        manager=manager,
        formerly=str(state.get(m.FIELD_MANAGER_KEY) or manager),
        takes_kubectl_over=not resource.token.is_patch_of(body),
    )
    live = cluster.get(target)
    if live is None:
        raise _lost(body)
    try:
        body = _without_ignored(body, live, manager, ignore_changes)
        if _is_definition(target):
            # Its lists of versions and columns have to be replaced whole; merging would keep what was removed.
            current = m.with_metadata(body, resourceVersion=live["metadata"]["resourceVersion"])
            live = cluster.replace(target, current, manager=manager, dry_run=preview)
        else:
            if not preview:
                _merge_managers(cluster, target, live, ourselves)
            force = operations.forced(resource, body, live, preview=preview)
            live = cluster.apply(target, body, manager=manager, force=force, dry_run=preview)
    except ApiError as error:
        if preview and error.status == 403:
            return None
        raise failures.explain(error, body, "update", manager) from error
    if preview:
        return Stored(identity, operations.state_of(live, manager, state))
    return operations.finish(resource, live, manager, state, m.timeout(inputs, timeout_seconds))


def _is_definition(target: Target) -> bool:
    return (target.kind.group, target.kind.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")


def _merge_managers(cluster: Cluster, target: Target, live: Manifest, ourselves: owners.Ourselves) -> None:
    for attempt in range(_TAKE_OVER_ATTEMPTS):
        entries = ourselves.merged(owners.entries_of(live))
        if entries is None:
            return
        operations_ = [
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        try:
            cluster.patch(target, operations_)
            return
        except ApiError as error:
            if error.status != 409 or attempt == _TAKE_OVER_ATTEMPTS - 1:
                raise
            live = cluster.get(target) or live


def _without_ignored(body: Manifest, live: Manifest, manager: str, ignore_changes: Sequence[str]) -> Manifest:
    """Leaves ignored fields to other managers that own them, and keeps the live value of the plug-in's own.

    Otherwise `ignoreChanges` on, say, `spec.replicas` would end in a conflict with the autoscaler.
    """
    for path in ignore_changes:
        location = parse(path)
        if not all(isinstance(key, str) for key in location):
            continue  # items of lists: the engine has put the old input there, which is all that can be said
        keys = [str(key) for key in location]
        if owners.owned_by_others_only(owners.entries_of(live), manager, location):
            body = _edited(body, keys, None)
        elif (value := _at(live, keys)) is not None and _at(body, keys) is not None:
            body = _edited(body, keys, value)
    return body


def _at(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _edited(value: Any, keys: Sequence[str], replacement: Any) -> Any:
    """A copy with the member at `keys` replaced, or removed if the replacement is `None`."""
    if not isinstance(value, dict) or keys[0] not in value:
        return value
    key, *below = keys
    member = _edited(value[key], below, replacement) if below else replacement
    return {name: item for name, item in {**value, key: member}.items() if name != key or item is not None}


def _lost(body: Mapping[str, Any]) -> PlatformError:
    return PlatformError(
        "kubernetes-gone",
        f"{failures.subject(body)} no longer exists: it was deleted outside the stack",
        at="",
        hint="refresh the stack, then run again: it will be created again",
    )
