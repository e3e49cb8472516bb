"""The engine's record of one stack, as `pulumi stack export` writes it: its pending operations, and adopted objects.

Pure functions of records; nothing here calls the engine or a service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

Deployment = dict[str, Any]
"""`{"manifest": …, "resources": […], "pending_operations": […]}`."""
Resource = Mapping[str, Any]

_IDENTITY_TAGS = ("tagsAll", "tags")


@dataclass(frozen=True, kw_only=True)
class UnconfirmedOperation:
    """A create or update that may or may not have taken effect.

    `resource` is the engine's description: `urn`, `type`, `inputs`, `parent`, `provider`.
    """

    resource: Resource

    @property
    def urn(self) -> str:
        return self.resource["urn"]

    @property
    def type(self) -> str:
        return self.resource["type"]

    @property
    def inputs(self) -> Mapping[str, Any]:
        return self.resource.get("inputs") or {}

    @property
    def is_update(self) -> bool:
        """Whether this is a recorded, failed update."""
        return self.resource.get("operation") == "update"

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[-1]

    def __str__(self) -> str:
        return f"{self.type.rsplit(':', 1)[-1]} {self.name}"


def pending_creates(deployment: Deployment) -> list[UnconfirmedOperation]:
    return [
        UnconfirmedOperation(resource=operation["resource"])
        for operation in deployment.get("pending_operations") or ()
        if operation["type"] == "creating" and _is_real(operation["resource"])
    ]


def pending_updates(deployment: Deployment) -> list[UnconfirmedOperation]:
    return [
        UnconfirmedOperation(resource=operation["resource"])
        for operation in deployment.get("pending_operations") or ()
        if operation["type"] == "updating" and _is_real(operation["resource"])
    ]


def pending_changes(deployment: Deployment) -> list[str]:
    """URNs of resources that were being updated or deleted: their state may be the old or the new one."""
    return [
        operation["resource"]["urn"]
        for operation in deployment.get("pending_operations") or ()
        if operation["type"] in ("updating", "deleting") and _is_real(operation["resource"])
    ]


def without_pending(deployment: Deployment) -> Deployment:
    return {key: value for key, value in deployment.items() if key != "pending_operations"}


def ids(deployment: Deployment, type_name: str) -> set[str]:
    """Ids of all resources of a type that the state holds."""
    return {resource["id"] for resource in deployment.get("resources") or () if _is(resource, type_name)}


def with_adopted(deployment: Deployment, adopted: Sequence[tuple[Resource, str]]) -> Deployment:
    """The record with each resource added under its id.

    A resource that it replaces and that the state still holds is marked for deletion, as the engine does. Outputs are
    set to the inputs until a refresh reads the real ones.
    """
    taken = {resource["urn"] for resource, _ in adopted}
    kept = [
        {**resource, "delete": True} if resource["urn"] in taken and not resource.get("delete") else resource
        for resource in deployment.get("resources") or ()
    ]
    entries = []
    there = taken | {resource["urn"] for resource in kept}
    for resource, resource_id in adopted:
        inputs = resource.get("inputs") or {}
        outputs = {key: value for key, value in inputs.items() if not key.startswith("__")}
        dropped = ("initErrors", "delete", "external")
        described = {key: value for key, value in resource.items() if key not in dropped}
        # The engine rejects a record with dependencies that are not in it; `up` writes them again.
        bound = {
            "dependencies": [urn for urn in resource.get("dependencies") or () if urn in there],
            "propertyDependencies": {
                name: [urn for urn in urns or () if urn in there]
                for name, urns in (resource.get("propertyDependencies") or {}).items()
            },
        }
        entry = {**described, "custom": True, "id": resource_id, "inputs": inputs, "outputs": outputs}
        entries.append({**entry, **{key: value for key, value in bound.items() if value}})
    return {**deployment, "resources": [*kept, *entries]}


def exists(wanted: UnconfirmedOperation, deployment: Deployment, resource_id: str) -> bool:
    """Whether the state, after a refresh, holds the object."""
    return _entry(deployment, wanted.urn, resource_id) is not None


def matches_request(wanted: UnconfirmedOperation, deployment: Deployment, resource_id: str) -> bool:
    """Whether the state, after a refresh, holds the object and it is the requested one.

    Another object may have the name: an AWS object must have the requested tags, a Kubernetes object the requested
    labels and annotations.
    """
    found = _entry(deployment, wanted.urn, resource_id)
    if found is None:
        return False
    outputs = found.get("outputs") or {}
    if wanted.type.startswith("kubernetes:"):
        return _has_metadata(outputs, wanted.inputs)
    asked = next((wanted.inputs[name] for name in _IDENTITY_TAGS if wanted.inputs.get(name)), {})
    actual = next((outputs[name] for name in _IDENTITY_TAGS if outputs.get(name)), {})
    return asked.items() <= actual.items()


def names_any(deployment: Deployment, urns: Set[str]) -> bool:
    """Whether the record holds a resource with one of these URNs."""
    return any(resource["urn"] in urns for resource in deployment.get("resources") or ())


def _entry(deployment: Deployment, urn: str, resource_id: str) -> Resource | None:
    for resource in deployment.get("resources") or ():
        if resource["urn"] == urn and resource.get("id") == resource_id and not resource.get("delete"):
            return resource
    return None


def _has_metadata(live: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Compares metadata only: the API server normalizes quantities and sets defaults in a specification."""
    actual, wanted = live.get("metadata") or {}, asked.get("metadata") or {}
    return actual.get("name") == wanted.get("name") and all(
        (wanted.get(member) or {}).items() <= (actual.get(member) or {}).items() for member in ("labels", "annotations")
    )


def _is(resource: Resource, type_name: str) -> bool:
    return resource["type"] == type_name and "id" in resource


def _is_real(resource: Resource) -> bool:
    """Providers, stack references and components exist in the state only."""
    return bool(resource.get("custom", True)) and not str(resource["type"]).startswith("pulumi:")
