"""Checks objects against the Kubernetes API without a cluster, by the types of the Kubernetes client.

Its models know every field of the API, its type and whether it is required. The client's minor is newer than the
cluster's, so that a field that is too new passes; the API server's own check of a dry run does not let it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shared.errors import nearest

_CONTAINER = re.compile(r"(?:List|list)\[(?P<item>.+)\]|(?:Dict|dict)[\[(](?P<key>.+?), ?(?P<value>.+)[\])]")
_SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (int, float),
    "bytes": (str,),
    "datetime": (str,),
}


def problem_of(body: Mapping[str, Any]) -> str:
    """What the API does not know about an object, with the field's path; empty if there is nothing."""
    model = _model_of(str(body.get("apiVersion", "")), str(body.get("kind", "")))
    # A custom resource: only its controller's schema knows its fields.
    return _problem(body, model, "") if model else ""


def _model_of(api_version: str, kind: str) -> str:
    from kubernetes import client

    version = api_version.rpartition("/")[2]
    name = f"{version[:1].upper()}{version[1:]}{kind}"
    return name if hasattr(client, name) else ""


def _problem(value: Any, kind: str, path: str) -> str:
    container = _CONTAINER.fullmatch(kind)
    if container and container["item"]:
        if not isinstance(value, list):
            return f"{path} is not a list"
        found = (_problem(item, container["item"], f"{path}[{index}]") for index, item in enumerate(value))
        return next(filter(None, found), "")
    if container:
        if not isinstance(value, Mapping):
            return f"{path} is not a mapping"
        found = (_problem(item, container["value"], f"{path}.{key}") for key, item in value.items())
        return next(filter(None, found), "")
    if kind == "object":
        return ""
    if kind in _SCALARS:
        right = isinstance(value, _SCALARS[kind]) and (kind == "bool" or not isinstance(value, bool))
        return "" if right else f"{path} is {value!r}, not of type {kind}"
    return _problem_of_model(value, kind, path)


def _problem_of_model(value: Any, kind: str, path: str) -> str:
    from kubernetes import client

    if not isinstance(value, Mapping):
        return f"{path or 'the object'} is not a mapping"
    model: Any = getattr(client, kind)
    fields = {key: (attribute, model.openapi_types[attribute]) for attribute, key in model.attribute_map.items()}
    for key, item in value.items():
        here = f"{path}.{key}" if path else str(key)
        if key not in fields:
            return f"{here} is unknown{nearest(str(key), fields)}"
        if item is None:
            return f"{here} has no value"
        found = _problem(item, fields[key][1], here)
        if found:
            return found
    absent = next(
        (key for key, (attribute, _) in fields.items() if key not in value and _required(model, attribute)), ""
    )
    return f"{path}.{absent} is missing".lstrip(".") if absent else ""


def _required(model: Any, attribute: str) -> bool:
    # Python's own words, such as `exec`, are no fields of that name; none of them is required.
    field = model.model_fields.get(attribute)
    return field is not None and field.is_required()
