"""Converts what a program registered under mocks into the view that rules check.

The mock cluster component omits encryption, log types and endpoint access; they are taken from the component's own
inputs, which the released component passes on.
"""

from __future__ import annotations

from typing import Any

from shared.dry_runs import UNKNOWN as NOT_KNOWN
from shared.dry_runs import DryRun, Registered
from shared.engine_marks import UNKNOWN
from shared.narrowing import is_dict, is_list
from shared.policies.cluster import CLUSTER
from shared.policies.view import ResourceView

_COMPONENT = "eks:index:Cluster"


def views_of(run: DryRun) -> list[ResourceView]:
    """Every resource of the run, in registration order."""
    by_urn = {resource.urn: resource for resource in run.resources}
    return [_view(resource, by_urn) for resource in run.resources]


def _view(resource: Registered, by_urn: dict[str, Registered]) -> ResourceView:
    provider = by_urn.get(resource.provider)
    return ResourceView(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        properties=_marked(_inner_cluster(resource, by_urn) if resource.type == CLUSTER else resource.inputs),
        provider=_marked(provider.inputs) if resource.custom and provider is not None else None,
        depends_on=resource.depends_on,
    )


def _inner_cluster(resource: Registered, by_urn: dict[str, Registered]) -> dict[str, Any]:
    component = by_urn.get(resource.parent)
    if component is None or component.type != _COMPONENT:
        return resource.inputs
    given = component.inputs
    return {
        "encryptionConfig": {"provider": {"keyArn": given.get("encryptionConfigKeyArn")}, "resources": ["secrets"]},
        "enabledClusterLogTypes": given.get("enabledClusterLogTypes"),
        **resource.inputs,
        "vpcConfig": {
            "endpointPrivateAccess": given.get("endpointPrivateAccess"),
            "endpointPublicAccess": given.get("endpointPublicAccess"),
            "publicAccessCidrs": given.get("publicAccessCidrs"),
            **(resource.inputs.get("vpcConfig") or {}),
        },
    }


def _marked(value: Any) -> Any:
    """With the wire's mark where the kit has an object of its own."""
    if is_dict(value):
        return {key: _marked(item) for key, item in value.items()}
    if is_list(value):
        return [_marked(item) for item in value]
    return UNKNOWN if value is NOT_KNOWN else value
