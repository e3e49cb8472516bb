"""`…Patch` resources: fields of an object that somebody else made, applied under a field manager of their own.

They never create the object, and deleting one gives its fields up: those nobody else manages return to their defaults.
Updates and reads are those of any object (`update`, `operations`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.errors import PlatformError
from tooling.plugins.kubernetes import failures, naming, operations
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.client import ApiError
from tooling.plugins.kubernetes.cluster import Target
from tooling.plugins.kubernetes.manifest import Manifest
from tooling.plugins.kubernetes.operations import CREATE_RETRIES, Resource, Stored

_RETRIES = (*CREATE_RETRIES, CREATE_RETRIES[-1], CREATE_RETRIES[-1], CREATE_RETRIES[-1])
"""What is patched may be a controller's to make: after the API server was away, the controller manager needs up to its
lease of 15 s and a start to take up its work again."""


def create(resource: Resource, inputs: Manifest, *, timeout_seconds: float, preview: bool) -> Stored | None:
    """Applies the fields. Returns `None` in a preview, as the released plug-in does.

    Raises:
        PlatformError: `kubernetes-patch-without-object`, or what the API server refused.
        InitFailed: the changed object does not become ready.
    """
    if preview:
        return None
    body, limit = operations.to_api(inputs), m.timeout(inputs, timeout_seconds)
    target = _existing(resource, body, limit)
    manager = naming.field_manager(inputs, {})
    force = operations.forced(resource, body, None, preview=False)
    try:
        live = resource.cluster.apply(target, body, manager=manager, force=force)
    except ApiError as error:
        raise failures.explain(error, body, "patch", manager) from error
    initial = {m.INITIAL_API_VERSION_KEY: body["apiVersion"], m.INITIAL_KIND_KEY: body["kind"]}
    return operations.finish(resource, live, manager, initial, limit)


def delete(resource: Resource, identity: str, state: Mapping[str, Any]) -> None:
    """Gives the fields up. Raises: PlatformError: `kubernetes-patch-required-field`, or what was refused."""
    cluster = resource.cluster
    kind = cluster.kind_of(state)
    if kind is None:
        return
    target = cluster.known_target(kind, identity)
    try:
        if cluster.get(target) is not None:
            operations.relinquish(cluster, target, str(state.get(m.FIELD_MANAGER_KEY)))
    except ApiError as error:
        required = [cause["field"] for cause in error.details.get("causes") or [] if _is_required(cause)]
        if required:
            raise _required_field(state, required) from error
        raise failures.explain(error, state, "give up the patched fields of") from error


def _existing(resource: Resource, body: Manifest, limit: timedelta | None) -> Target:
    """The object to patch; waits a moment for it, since a controller may be about to make it."""
    cluster, spent = resource.cluster, timedelta(0)
    for pause in (*_RETRIES, None):
        kind = cluster.kind_of(body)
        if kind is not None:
            target = cluster.target(kind, body)
            if cluster.get(target) is not None:
                return target
        if pause is None or (limit and spent + pause > limit):
            break
        cluster.cancellation.sleep(pause)
        spent += pause
    raise PlatformError(
        "kubernetes-patch-without-object",
        f"{failures.subject(body)} does not exist, so that there is nothing to patch",
        at="",
        hint=f"create it first, or use `{body.get('kind')}` instead of `{resource.token.kind}`",
    )


def _is_required(cause: Mapping[str, Any]) -> bool:
    return cause.get("reason") == "FieldValueRequired"


def _required_field(state: Mapping[str, Any], fields: list[str]) -> PlatformError:
    return PlatformError(
        "kubernetes-patch-required-field",
        f"the patch of {failures.subject(state)} is the only manager of required fields: {', '.join(fields)}",
        at="",
        hint="set the resource option `retain_on_delete`, or let another manager take the fields over first",
    )
