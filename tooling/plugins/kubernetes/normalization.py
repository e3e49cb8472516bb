"""Normalizes inputs to the form in which the released plug-in writes them into the state.

It converts the inputs of Kubernetes' own kinds to their Go types and back. Go's encoder leaves out empty lists and
maps, and `false` of members that are no pointers; policies and previews see what is left. Not modelled: how Go writes
quantities (`1024Mi` as `1Gi`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.discovery import api_group
from tooling.plugins.kubernetes.manifest import Manifest
from tooling.plugins.provider.wire import has_unknown

# Groups of the Go types that the released plug-in is built with; the kinds of others are custom resources.
_GROUPS = frozenset(
    {
        *("", "apps", "autoscaling", "batch", "extensions", "policy", "admissionregistration.k8s.io"),
        *("apiextensions.k8s.io", "apiregistration.k8s.io", "certificates.k8s.io", "coordination.k8s.io"),
        *("discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io"),
        *("rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io"),
    }
)
# Source: the `omitempty` tags of k8s.io/api v0.33.
_KEPT_EMPTY_LISTS = frozenset({"containers", "rules"})
_MAPS = frozenset(
    {
        *("annotations", "labels", "matchLabels", "nodeSelector"),
        *("binaryData", "data", "stringData", "parameters"),
        *("capacity", "default", "defaultRequest", "hard", "limits", "max", "maxLimitRequestRatio", "min", "requests"),
    }
)
"""Members that are maps in Go; an empty one of any other is a struct, which stays."""
_SWITCHES = frozenset(
    {
        *("globalDefault", "hostIPC", "hostNetwork", "hostPID", "paused", "publishNotReadyAddresses", "readOnly"),
        *("stdin", "stdinOnce", "tty", "unschedulable"),
    }
)
"""Members whose `false` is left out; that of a pointer (`automountServiceAccountToken`) is kept."""


def normalized(inputs: Mapping[str, Any]) -> Manifest:
    """The inputs as they are kept and compared."""
    # The SDK for Python cannot spell `x-kubernetes-…`.
    renamed = m.to_api(inputs)
    if api_group(str(inputs.get("apiVersion", ""))) not in _GROUPS or has_unknown(renamed):
        return renamed
    if inputs.get("kind") == "CustomResourceDefinition":
        return _definition(renamed)
    return _without_empty(renamed)


def _definition(inputs: Manifest) -> Manifest:
    kept = {key: value for key, value in inputs.items() if key != "status"}
    spec = kept.get("spec")
    if isinstance(spec, dict) and spec.get("preserveUnknownFields") is False:
        kept["spec"] = {key: value for key, value in spec.items() if key != "preserveUnknownFields"}
    return kept


def _without_empty(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if not _is_left_out(key, item)}
    return {key: item if key in _MAPS else _without_empty(item) for key, item in kept.items()}


def _is_left_out(key: str, value: Any) -> bool:
    return (
        (value == [] and key not in _KEPT_EMPTY_LISTS)
        or (value == {} and key in _MAPS)
        or (value is False and key in _SWITCHES)
    )
