"""The objects of an overlay as they are applied: built by kustomize, checked, and with the tenant's image registry.

In the files an image is named after a repository in the tenant's file (`demo:v1.0.0`): account, region and environment
are in no file. The tenant's contract has the repository's address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from shared.catalog import read_catalog
from shared.errors import BadInput, nearest
from tooling.manifests.kubectl import built
from tooling.manifests.schema import problem_of
from tooling.manifests.source import Overlay, check_source

Object = dict[str, Any]


def objects_of_overlay(overlay: Overlay) -> list[Object]:
    """Built and checked, without a cluster.

    Raises:
        BadInput: as `check_source`; `kustomize-failed`, `manifest-field`.
    """
    check_source(overlay)
    text = built(overlay.directory, at=overlay.path)
    objects = [one for one in yaml.safe_load_all(text) if one]
    for one in objects:
        problem = problem_of(one)
        if problem:
            raise BadInput(
                "manifest-field",
                f"{one.get('kind')} {one['metadata'].get('name')}: {problem}",
                at=overlay.path,
                hint="kubectl explain shows the fields of a kind; correct the file",
            )
    return objects


def tenant_of(overlay: Overlay, objects: Sequence[Object]) -> str:
    """The tenant whose namespaces the objects are in.

    Raises:
        BadInput: `manifest-namespace`.
    """
    owners = owners_of_namespaces(overlay.environment)
    tenants = set()
    for one in objects:
        namespace = str(one["metadata"].get("namespace", ""))
        if namespace not in owners:
            raise BadInput(
                "manifest-namespace",
                f"{one['kind']} {one['metadata']['name']} is in namespace {namespace!r}, which is no tenant's in "
                f"{overlay.environment}{nearest(namespace, owners)}",
                at=overlay.path,
                hint=f"set `namespace` in {overlay.path}/kustomization.yaml to one of: {', '.join(sorted(owners))}",
            )
        tenants.add(owners[namespace])
    if len(tenants) != 1:
        raise BadInput(
            "manifest-namespace",
            f"{overlay} has objects of {len(tenants)} tenants: {', '.join(sorted(tenants)) or 'it has no objects'}",
            at=overlay.path,
            hint="keep each tenant's objects in an application of its own",
        )
    return tenants.pop()


def owners_of_namespaces(environment: str) -> dict[str, str]:
    """Every namespace of a tenant in an environment, to the tenant."""
    return {
        namespace: file.name
        for file in read_catalog().values()
        if environment in file.environments
        for namespace in file.tenant(environment).namespaces
    }


def hosts_of(objects: Sequence[Object]) -> list[str]:
    """The hosts of the Ingresses."""
    return [str(rule["host"]) for one in objects if one["kind"] == "Ingress" for rule in one["spec"].get("rules") or ()]


def own_images(objects: Sequence[Object], repositories: Mapping[str, str]) -> set[str]:
    """The names of the tenant's repositories that the objects' images are from."""
    return {name for container in _containers(objects) if (name := _repository(container)) in repositories}


def with_registry(objects: Sequence[Object], repositories: Mapping[str, str]) -> list[Object]:
    """The objects with complete images.

    Raises:
        BadInput: `repository-missing`.
    """
    # A copy: YAML of one document has no shared parts.
    copies: list[Object] = yaml.safe_load(yaml.safe_dump(list(objects)))
    for container in _containers(copies):
        image, name = str(container.get("image", "")), _repository(container)
        if "/" in name:
            continue
        if name not in repositories:
            raise BadInput(
                "repository-missing",
                f"image {image!r} is from none of the tenant's repositories{nearest(name, repositories)}",
                at=f"container {container.get('name')}",
                hint=f"use one of: {', '.join(repositories) or 'it has none'}; or the complete name of an image",
            )
        container["image"] = f"{repositories[name]}{image[len(name) :]}"
    return copies


def _repository(container: Mapping[str, Any]) -> str:
    """The image's name without tag and digest."""
    name = str(container.get("image", "")).partition("@")[0]
    return name if "/" in name else name.partition(":")[0]


def _containers(objects: Sequence[Object]) -> Iterator[Object]:
    for one in objects:
        spec = one.get("spec") or {}
        template = (spec.get("jobTemplate") or {}).get("spec", spec).get("template") or {}
        pod = template.get("spec") or {}
        yield from (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))
