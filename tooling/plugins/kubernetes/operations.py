"""Create, read and delete one object on the API server, and the state that is left of it.

Planning of changes is in `planning`, updates are in `update`, waiting is in `waiting`, `…Patch` resources are in
`patch`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.errors import PlatformError
from shared.kubernetes_labels import PART_OF_LABEL
from tooling.plugins.kubernetes import failures, naming, refresh, secret_values, waiting
from tooling.plugins.kubernetes import field_managers as owners
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.client import ApiError
from tooling.plugins.kubernetes.cluster import Cluster, Target
from tooling.plugins.kubernetes.manifest import Manifest, TypeToken
from tooling.plugins.kubernetes.settings import Settings
from tooling.plugins.provider.wire import has_unknown

CREATE_RETRIES = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8))
"""Pauses before a create is tried again because its namespace or its kind does not exist yet: resources of one program
are made side by side, and a definition is served a moment after it is established."""

_PROPAGATIONS = {"orphan": "Orphan", "background": "Background"}


@dataclass(frozen=True)
class Stored:
    """What an operation leaves in the state."""

    id: str
    state: Manifest


class InitFailed(Exception):
    """The object is stored, but not ready: the engine keeps it, and tries again next time."""

    def __init__(self, stored: Stored, error: PlatformError, inputs: Manifest | None = None) -> None:
        self.stored = stored
        self.inputs = inputs
        super().__init__(str(error))


@dataclass(frozen=True)
class Resource:
    """One resource of a program, on one cluster."""

    cluster: Cluster
    settings: Settings
    token: TypeToken


def create(resource: Resource, inputs: Manifest, *, timeout_seconds: float, preview: bool) -> Stored | None:
    """Makes the object and waits for it; in a preview, lets the API server try it out.

    Returns:
        `None` if a preview cannot tell anything: the inputs stand.

    Raises:
        PlatformError: what the API server refused. InitFailed: it is stored, but not ready.
    """
    cluster, body = resource.cluster, to_api(inputs)
    if preview and (has_unknown(inputs) or cluster.kind_of(body) is None):
        return None
    manager = naming.field_manager(inputs, {})
    limit = m.timeout(inputs, timeout_seconds)
    try:
        live = _retried_create(resource, body, manager, limit, preview)
    except ApiError as error:
        owner = _other_application(resource, error, body)
        if owner:
            raise failures.of_another_application(error, body, owner) from error
        if preview and _says_nothing_yet(error):
            return None
        raise failures.explain(error, body, "create", manager) from error
    initial = {m.INITIAL_API_VERSION_KEY: body["apiVersion"], m.INITIAL_KIND_KEY: body["kind"]}
    if preview:
        live.pop("status", None)
        return Stored("", state_of(live, manager, initial))
    return finish(resource, live, manager, initial, limit)


def _other_application(resource: Resource, error: ApiError, body: Manifest) -> str:
    """The application that has an object of this name already, if it is another one; empty: none, or nobody knows."""
    own, kind = _part_of(body), resource.cluster.kind_of(body)
    if error.reason != "AlreadyExists" or not own or kind is None:
        return ""
    with contextlib.suppress(ApiError):
        owner = _part_of(resource.cluster.get(resource.cluster.target(kind, body)) or {})
        return owner if owner != own else ""
    return ""


def _part_of(manifest: Mapping[str, Any]) -> str:
    return str((m.metadata(manifest).get("labels") or {}).get(PART_OF_LABEL, ""))


def finish(
    resource: Resource, live: Mapping[str, Any], manager: str, initial: Mapping[str, Any], limit: timedelta | None
) -> Stored:
    """Waits for what was just stored. Raises: InitFailed, Cancelled."""
    try:
        live = waiting.until_ready(resource.cluster, live, limit)
    except waiting.NotReady as error:
        raise InitFailed(Stored(m.object_id(live), state_of(error.live, manager, initial)), error) from error
    if live.get("kind") == "CustomResourceDefinition":
        resource.cluster.discovery.forget()
    return Stored(m.object_id(live), state_of(live, manager, initial))


def read(resource: Resource, identity: str, state: Manifest, inputs: Manifest) -> tuple[Stored, Manifest] | None:
    """The object as it is, and inputs that agree with it; `None` if it does not exist.

    Without a known state (an import, a `.get`) the inputs describe the whole object.

    Raises:
        InitFailed: it exists, but is not ready.
    """
    cluster = resource.cluster
    known = {"apiVersion": resource.token.api_version, "kind": resource.token.kind, **state, **inputs}
    kind = cluster.kind_of(known)
    if kind is None and str(known["kind"]).endswith("Patch"):
        kind = cluster.kind_of({**known, "kind": str(known["kind"]).removesuffix("Patch")})
    if kind is None:
        return None  # its definition is gone, and the objects with it
    target = cluster.known_target(kind, identity)
    try:
        live = cluster.get(target)
    except ApiError as error:
        named = {**known, "metadata": {"namespace": target.namespace, "name": target.name}}
        raise failures.explain(error, named, "read") from error
    if live is None:
        return None
    if not inputs and not state:
        return _seen(identity, live, state, inputs), refresh.imported_inputs(_as_inputs(live))
    try:
        live = waiting.until_seen_ready(cluster, live)
    except waiting.NotReady as error:
        fresh = refresh.refreshed_inputs(m.to_api(inputs), m.to_api(state), _as_inputs(error.live))
        raise InitFailed(_seen(identity, error.live, state, inputs), error, fresh) from error
    fresh = refresh.refreshed_inputs(m.to_api(inputs), m.to_api(state), _as_inputs(live))
    return _seen(identity, live, state, inputs), fresh


def _as_inputs(live: Mapping[str, Any]) -> Manifest:
    """The object without its managed fields, in the API's own spelling: inputs keep `x-kubernetes-…`, states do not."""
    return m.to_api(m.from_api(live))


def _seen(identity: str, live: Mapping[str, Any], state: Manifest, inputs: Manifest) -> Stored:
    # A state that knows no manager is of an object that was made and not recorded: it keeps the one that made it.
    made_by = {m.FIELD_MANAGER_KEY: naming.field_manager_on(live)}
    return Stored(identity, state_of(live, naming.field_manager(inputs, {**made_by, **state}), state))


def delete(
    resource: Resource, identity: str, state: Mapping[str, Any], inputs: Mapping[str, Any], *, timeout_seconds: float
) -> None:
    """Deletes the object and waits until it is gone; one that is gone already is fine.

    Raises:
        NotGone: it is still there after the timeout. PlatformError: what the API server refused.
    """
    cluster = resource.cluster
    kind = cluster.kind_of(state)
    if kind is None:
        return
    target = cluster.known_target(kind, identity)
    uid = str(m.metadata(state).get("uid") or "")
    propagation = _PROPAGATIONS.get(m.annotation(inputs, m.DELETION_PROPAGATION).lower(), "Foreground")
    try:
        cluster.delete(target, propagation=propagation, uid=uid)
        waiting.until_gone(cluster, target, uid, inputs, m.timeout(inputs, timeout_seconds))
    except ApiError as error:
        if error.status == 404:
            return
        if error.status == 409 and m.metadata(cluster.get(target) or {}).get("uid") != uid:
            raise _not_ours(state) from error
        raise failures.explain(error, state, "delete") from error
    if kind.kind == "CustomResourceDefinition":
        cluster.discovery.forget()


def relinquish(cluster: Cluster, target: Target, manager: str) -> Manifest:
    """Gives up every field that `manager` owns: an apply that names none."""
    empty = {"apiVersion": target.kind.api_version, "kind": target.kind.kind, "metadata": {"name": target.name}}
    return cluster.apply(target, empty, manager=manager, force=False)


def state_of(live: Mapping[str, Any], manager: str, initial: Mapping[str, Any]) -> Manifest:
    """The object as the state holds it, with the three marks of the released plug-in."""
    return {
        **m.from_api(live),
        m.FIELD_MANAGER_KEY: manager,
        m.INITIAL_API_VERSION_KEY: initial.get(m.INITIAL_API_VERSION_KEY) or live["apiVersion"],
        m.INITIAL_KIND_KEY: initial.get(m.INITIAL_KIND_KEY) or live["kind"],
    }


def to_api(inputs: Manifest) -> Manifest:
    """The manifest that is sent."""
    return secret_values.encoded(m.to_api(inputs))


def forced(resource: Resource, manifest: Mapping[str, Any], live: Mapping[str, Any] | None, *, preview: bool) -> bool:
    """Whether an apply overrides conflicts, decided in the order of the released plug-in.

    Args:
        live: the object as it is, or `None` for a create.
    """
    if m.is_annotated(manifest, m.PATCH_FORCE):
        return True
    if resource.settings.patch_force is not None:
        return resource.settings.patch_force
    if live is None:
        return preview
    entries = owners.entries_of(live)
    return not entries or (preview and owners.forced_in_preview(entries))


def _retried_create(
    resource: Resource, body: Manifest, manager: str, limit: timedelta | None, preview: bool
) -> Manifest:
    cluster, spent = resource.cluster, timedelta(0)
    for pause in (*CREATE_RETRIES, None):
        kind = cluster.kind_of(body)
        try:
            if kind is not None:
                target = cluster.target(kind, body)
                if not resource.settings.upsert:
                    return cluster.create(target, body, manager=naming.CREATING_FIELD_MANAGER, dry_run=preview)
                force = forced(resource, body, None, preview=preview)
                return cluster.apply(target, body, manager=manager, force=force, dry_run=preview)
        except ApiError as error:
            if error.status != 404 or preview or pause is None or (limit and spent + pause > limit):
                raise
        if pause is None or (limit and spent + pause > limit):
            break
        cluster.cancellation.sleep(pause)
        spent += pause
    raise failures.unknown_kind(body)


def _says_nothing_yet(error: ApiError) -> bool:
    """A dry run's refusal that may have gone by the time of the real run, or comes from the dry run itself.

    A missing namespace, a missing permission of whoever previews, an object that is replaced, a webhook that cannot do
    dry runs: as in the released plug-in.
    """
    no_dry_run = error.status == 400 and "does not support dry run" in error.message
    return error.status in (403, 404) or error.reason == "AlreadyExists" or no_dry_run


def _not_ours(state: Mapping[str, Any]) -> PlatformError:
    return PlatformError(
        "kubernetes-recreated",
        f"{failures.subject(state)} was deleted and created again outside this stack",
        at="",
        hint="refresh the stack to adopt the new object, then run again; or remove it from the state",
    )
