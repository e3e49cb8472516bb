"""A client for the API server of a stack's objects, with the kubeconfig of the stack's own Kubernetes provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.errors import PlatformError
from tooling.runner.engine import Engine
from tooling.runner.kubeconfig import usable_kubeconfig

if TYPE_CHECKING:
    from tooling.plugins.kubernetes.client import Client


def cluster_client(engine: Engine, deployment: Mapping[str, Any], resource: Mapping[str, Any]) -> Client:
    """A client with the kubeconfig of the provider that `resource` names.

    Args:
        deployment: the engine's record of the stack.
        resource: the engine's description of one of its objects.

    Raises:
        PlatformError: `provider-unknown`, or what is wrong with the kubeconfig.
    """
    # Imported here: slow to load, and few runs need the API server.
    from tooling.plugins.kubernetes import kubeconfig
    from tooling.plugins.kubernetes.client import Client

    provider_urn = str(resource.get("provider", "")).rpartition("::")[0]
    for one in deployment.get("resources") or ():
        inputs = one.get("inputs") or {}
        # A kubeconfig that the program marked secret is not a string here.
        if one["urn"] == provider_urn and isinstance(inputs.get("kubeconfig"), str):
            document = kubeconfig.parse(usable_kubeconfig(inputs["kubeconfig"], engine))
            context = inputs.get("context") if isinstance(inputs.get("context"), str) else None
            return Client(kubeconfig.connection(document, context=context, loopback_only=False))
    name = str(resource.get("urn", "")).rpartition("::")[2]
    raise PlatformError(
        "provider-unknown",
        f"the stack's state contains no Kubernetes provider with a readable kubeconfig for {name}",
        at=str(resource.get("urn", "")),
        hint="pass the kubeconfig of the tier's contract to the provider, then run the same command again",
    )
