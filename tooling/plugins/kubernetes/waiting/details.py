"""What the API server knows about an object that does not become ready: its pods' troubles and its events.

Asked only once waiting has failed. A caller who may not read pods or events gets the failure without them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.client import ApiError
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.waiting.verdicts import condition, message_of, spec, status

SHOWN_PODS = 3
SHOWN_EVENTS = 3


def pod_troubles(cluster: Cluster, live: Mapping[str, Any]) -> list[str]:
    """One line per pod that matches the object's selector and is not ready."""
    kind = cluster.discovery.find("v1", "Pod")
    selector = label_selector(spec(live).get("selector") or {})
    if kind is None or not selector:
        return []
    with contextlib.suppress(ApiError):
        pods = cluster.list(kind, m.namespace(live), labelSelector=selector)
        troubles = [f'pod "{m.name(pod)}": {trouble}' for pod in pods if (trouble := pod_trouble(pod))]
        left = len(troubles) - SHOWN_PODS
        return troubles[:SHOWN_PODS] + ([f"and {left} more pods like these"] if left > 0 else [])
    return []


def pod_trouble(pod: Mapping[str, Any]) -> str:
    """Why a pod is not ready; empty if it is, or nothing is known."""
    if condition(pod, "Ready").get("status") == "True":
        return ""
    for container in (status(pod).get("initContainerStatuses") or []) + (status(pod).get("containerStatuses") or []):
        state = container.get("state") or {}
        halted = state.get("waiting") or state.get("terminated") or {}
        if halted.get("reason") and halted["reason"] not in ("Completed", "PodInitializing", "ContainerCreating"):
            return f'container "{container.get("name")}" {message_of(halted)}'
    for kind in ("PodScheduled", "Ready"):
        if condition(pod, kind).get("status") == "False":
            return message_of(condition(pod, kind))
    return message_of(status(pod))


def warning_events(cluster: Cluster, live: Mapping[str, Any]) -> list[str]:
    """The newest warnings about the object itself."""
    kind = cluster.discovery.find("v1", "Event")
    if kind is None:
        return []
    with contextlib.suppress(ApiError):
        uid = m.metadata(live).get("uid", "")
        namespace = m.namespace(live) or "default"
        events = cluster.list(kind, namespace, fieldSelector=f"involvedObject.uid={uid},type=Warning")
        return [f"event {message_of(event)}" for event in sorted(events, key=_last_seen)[-SHOWN_EVENTS:]]
    return []


def label_selector(selector: Mapping[str, Any]) -> str:
    """A LabelSelector, or a Service's plain map, as the query parameter spells it."""
    if not selector.keys() & {"matchLabels", "matchExpressions"}:
        return ",".join(f"{key}={value}" for key, value in selector.items())
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], ",".join(expression.get("values") or [])
        operators = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        terms.append(operators.get(expression["operator"], f"!{key}"))
    return ",".join(terms)


def _last_seen(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
