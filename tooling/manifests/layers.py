"""Divides the objects of several environments into a kustomize base and one overlay for each.

The base has what all environments agree on, and nothing of a single one: a value that differs is in every overlay, so
that none inherits it from another environment by accident. Overlays add to the base by JSON patches (RFC 6902), and
remove nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tooling.manifests.text import yaml_text

Object = dict[str, Any]
Key = tuple[str, str, str]

HEADER = "# Written by `tiers render`: it writes base/, overlays/ and argo-cd/ as a whole.\n"
KUSTOMIZATION = "kustomization.yaml"
_ABSENT: Any = object()


def layered(environments: Mapping[str, Sequence[Object]]) -> dict[str, str]:
    """Path of each file to its content: `base/…` and `overlays/<environment>/…`.

    Args:
        environments: name to all objects of the application there; at least one.
    """
    by_key = {name: {_key(one): one for one in objects} for name, objects in environments.items()}
    everywhere = set.intersection(*(set(objects) for objects in by_key.values()))
    base = {key: _common([objects[key] for objects in by_key.values()]) for key in everywhere}
    files = _directory("base", list(base.values()), {})
    for name, objects in sorted(by_key.items()):
        own = [one for key, one in objects.items() if key not in everywhere]
        patches = {key: _additions(base[key], objects[key], "") for key in sorted(everywhere)}
        files |= _directory(f"overlays/{name}", own, patches, resources=["../../base"])
    return dict(sorted(files.items()))


def _key(one: Object) -> Key:
    return str(one["apiVersion"]), str(one["kind"]), str(one["metadata"]["name"])


def _directory(
    path: str, objects: Sequence[Object], patches: Mapping[Key, list[Object]], resources: Sequence[str] = ()
) -> dict[str, str]:
    written = {f"{path}/{name}": yaml_text(one) for name, one in _file_names(objects).items()}
    kustomization: Object = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*resources, *(file.rpartition("/")[2] for file in sorted(written))],
    }
    entries = []
    names = Counter(kind for (_, kind, _), operations in patches.items() if operations)
    for (api_version, kind, name), operations in patches.items():
        if not operations:
            continue
        file = f"patch-{_file_name(kind, name, alone=names[kind] == 1)}"
        written[f"{path}/{file}"] = yaml_text(operations)
        group, _, version = api_version.rpartition("/")
        target = {"group": group, "version": version, "kind": kind, "name": name}
        entries.append({"path": file, "target": {key: value for key, value in target.items() if value}})
    if entries:
        kustomization["patches"] = entries
    return written | {f"{path}/{KUSTOMIZATION}": HEADER + yaml_text(kustomization)}


def _file_names(objects: Sequence[Object]) -> dict[str, Object]:
    kinds = Counter(one["kind"] for one in objects)
    return {_file_name(one["kind"], one["metadata"]["name"], alone=kinds[one["kind"]] == 1): one for one in objects}


def _file_name(kind: str, name: str, *, alone: bool) -> str:
    return f"{kind.lower()}.yaml" if alone else f"{kind.lower()}-{name}.yaml"


def _common(values: Sequence[Any]) -> Any:
    """What all values have in common; `_ABSENT` if that is nothing."""
    first = values[0]
    if all(value == first for value in values):
        return first
    if all(isinstance(value, Mapping) for value in values):
        keys = set.intersection(*(set(value) for value in values))
        found = {key: _common([value[key] for value in values]) for key in keys}
        # kustomize drops empty mappings, and a patch cannot add to what is not there.
        return {key: value for key, value in found.items() if value is not _ABSENT} or _ABSENT
    if all(isinstance(value, list) and len(value) == len(first) for value in values):
        items = [_common(list(each)) for each in zip(*values, strict=True)]
        # Without one item, the places of those behind it would be others.
        return _ABSENT if any(item is _ABSENT for item in items) else items
    return _ABSENT


def _additions(base: Any, whole: Any, path: str) -> list[Object]:
    """The JSON patch that makes `whole` of `base`, which is a part of it."""
    if base == whole:
        return []
    if isinstance(base, Mapping):
        pairs = [
            (str(key).replace("~", "~0").replace("/", "~1"), base.get(key, _ABSENT), whole[key])
            for key in sorted(whole)
        ]
    else:
        pairs = [(str(index), *each) for index, each in enumerate(zip(base, whole, strict=True))]
    found: list[Object] = []
    for key, before, after in pairs:
        if before is _ABSENT:
            found.append({"op": "add", "path": f"{path}/{key}", "value": after})
        else:
            found += _additions(before, after, f"{path}/{key}")
    return found
