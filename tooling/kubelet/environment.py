"""The environment of a container, exactly as its pod describes it.

Source: Kubernetes API, Container `env` and `envFrom`; "Define Dependent Environment Variables".
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Lookup = Callable[[str, str], Mapping[str, Any] | None]
"""`configmaps` or `secrets` and a name to the object in the pod's namespace, or None."""

_DEPENDENT = re.compile(r"\$(\$|\((?P<name>[^)]*)\))")
_SUBSCRIPT = re.compile(r"(?P<map>metadata\.(?:labels|annotations))\['(?P<key>.+)'\]")


class ConfigurationError(Exception):
    """A container whose configuration is missing cannot be created; the text is the kubelet's."""


def environment(pod: Mapping[str, Any], container: Mapping[str, Any], lookup: Lookup, pod_ip: str) -> dict[str, str]:
    """Variables of `container`.

    Raises:
        ConfigurationError: a ConfigMap, a Secret or one of its keys is missing, and not optional.
    """
    found: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        for kind, plural in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if kind in source:
                data = _data(lookup, plural, source[kind])
                found |= {f"{source.get('prefix', '')}{key}": value for key, value in data.items()}
    for variable in container.get("env") or ():
        if "valueFrom" in variable:
            value = _value_from(pod, container, variable["valueFrom"], lookup, pod_ip)
            if value is not None:
                found[variable["name"]] = value
        else:
            found[variable["name"]] = expanded(variable.get("value", ""), found)
    return found


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` replaced if the variable is defined; `$$` is a literal dollar sign."""

    def replacement(match: re.Match[str]) -> str:
        name = match["name"]
        return "$" if name is None else variables.get(name, match[0])

    return _DEPENDENT.sub(replacement, text)


def _value_from(
    pod: Mapping[str, Any], container: Mapping[str, Any], source: Mapping[str, Any], lookup: Lookup, pod_ip: str
) -> str | None:
    for kind, plural in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if kind in source:
            data = _data(lookup, plural, source[kind])
            key = source[kind]["key"]
            if key not in data and not source[kind].get("optional"):
                words = "ConfigMap" if plural == "configmaps" else "Secret"
                where = f"{pod['metadata']['namespace']}/{source[kind]['name']}"
                raise ConfigurationError(f"couldn't find key {key} in {words} {where}")
            return data.get(key)
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"], pod_ip)
    if "resourceFieldRef" in source:
        return _resource(container, source["resourceFieldRef"])
    return None


def _data(lookup: Lookup, plural: str, source: Mapping[str, Any]) -> dict[str, str]:
    found = lookup(plural, source["name"])
    if found is None:
        if source.get("optional"):
            return {}
        raise ConfigurationError(f'{plural.removesuffix("s")} "{source["name"]}" not found')
    data = found.get("data") or {}
    if plural == "secrets":
        return {key: base64.b64decode(value).decode(errors="surrogateescape") for key, value in data.items()}
    return dict(data)


def _field(pod: Mapping[str, Any], path: str, pod_ip: str) -> str:
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript is not None:
        values = pod["metadata"].get(subscript["map"].partition(".")[2]) or {}
        return values.get(subscript["key"], "")
    fields = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.podIP": pod_ip,
        "status.podIPs": pod_ip,
    }
    return fields.get(path, "")


def _resource(container: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """Of the container itself: `limits.cpu`, in whole units of the divisor, rounded up."""
    kind, _, name = source["resource"].partition(".")
    value = ((container.get("resources") or {}).get(kind) or {}).get(name)
    if value is None:
        return "0"
    # Imported here: few pods ask, and it loads pydantic.
    from shared.quantities import quantity_value

    divisor = quantity_value(source.get("divisor") or "1") or 1
    return str(math.ceil(quantity_value(value) / divisor))
