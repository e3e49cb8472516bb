"""When Services and Ingresses are ready: there is somebody behind them, and a load balancer in front where they ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.waiting.verdicts import READY, Verdict, not_yet, spec, status

_NO_ENDPOINTS = not_yet(
    "it targets no ready pod: the selected pods may not be ready, or `spec.selector` may match no pod's labels"
)
_SERVICE_NAME = "kubernetes.io/service-name"


def service(live: Mapping[str, Any]) -> Verdict:
    """The load balancer's part; `endpoints` is the other."""
    if spec(live).get("type") != "LoadBalancer" or _addresses(live):
        return READY
    return not_yet("no load balancer has been allocated to it")


def ingress(live: Mapping[str, Any]) -> Verdict:
    if _addresses(live):
        return READY
    name = spec(live).get("ingressClassName") or "default"
    return not_yet(f'no controller of class "{name}" has written its `status.loadBalancer`')


def endpoints(cluster: Cluster, live: Mapping[str, Any], lasting: timedelta) -> Verdict:
    """Waits until an EndpointSlice of the Service holds a ready address.

    Headless Services, ExternalName Services and those without a selector are not waited for.
    """
    kind = cluster.discovery.find("discovery.k8s.io/v1", "EndpointSlice")
    headless = spec(live).get("clusterIP") == "None"
    if kind is None or headless or spec(live).get("type") == "ExternalName" or not spec(live).get("selector"):
        return READY
    selector = f"{_SERVICE_NAME}={m.name(live)}"
    for slices in cluster.follow(kind, m.namespace(live), lasting, labelSelector=selector):
        if _has_ready_address(slices):
            return READY
    return _NO_ENDPOINTS


def _has_ready_address(slices: Iterable[Mapping[str, Any]]) -> bool:
    return any(
        endpoint.get("addresses") and (endpoint.get("conditions") or {}).get("ready", True)
        for slice_ in slices
        for endpoint in slice_.get("endpoints") or []
    )


def _addresses(live: Mapping[str, Any]) -> list[Any]:
    return (status(live).get("loadBalancer") or {}).get("ingress") or []
