"""Check and Diff of one object: what will be asked for, and what a change of it does.

Both work without a cluster (`None`) as long as the provider's kubeconfig is not known yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import BadInput, Refused
from tooling.plugins.kubernetes import immutable, naming, normalization
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.cluster import Cluster
from tooling.plugins.kubernetes.diff import differences, ignored
from tooling.plugins.kubernetes.discovery import api_group, normal_api_version
from tooling.plugins.kubernetes.manifest import Manifest, TypeToken
from tooling.plugins.kubernetes.settings import Settings
from tooling.plugins.provider.changes import Change
from tooling.plugins.provider.wire import UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Plan:
    differences: list[Change]
    delete_before_replace: bool


def checked(
    inputs: Manifest,
    old_inputs: Mapping[str, Any],
    *,
    token: TypeToken,
    logical_name: str,
    seed: bytes,
    autonaming: naming.Options | None,
    cluster: Cluster | None,
) -> Manifest:
    """The inputs, complete (apiVersion, kind, name, namespace) and normalized.

    Raises:
        Refused: `kubernetes-not-modelled`. BadInput: as `naming.with_name`.
    """
    inputs = {"apiVersion": token.api_version, "kind": token.kind, "metadata": {}, **inputs}
    if token.kind.endswith("List") and "items" in inputs:
        raise Refused(
            "kubernetes-not-modelled",
            f"a {token.kind} cannot be created",
            at="",
            hint="create its items as resources of their own",
        )
    for key in m.NOT_MODELLED_ANNOTATIONS:
        if m.annotation(inputs, key):
            raise Refused(
                "kubernetes-not-modelled",
                f"the local lane does not model annotation {key}",
                at="",
                hint="remove it, or run this stack with the released plug-ins",
            )
    if token.is_patch_of(inputs):
        if inputs["metadata"] != UNKNOWN and not m.name(inputs):
            raise BadInput(
                "kubernetes-name-missing",
                f"a {token.kind} needs `metadata.name`, the object that it changes",
                at="",
                hint="set `metadata.name`",
            )
    else:
        inputs = naming.with_name(inputs, old_inputs, logical_name, seed, autonaming)
    return normalization.normalized(_with_namespace(inputs, cluster))


def plan(
    old_inputs: Manifest,
    state: Mapping[str, Any],
    inputs: Manifest,
    *,
    token: TypeToken,
    ignore_changes: Sequence[str],
    settings: Settings | None,
    cluster: Cluster | None,
) -> Plan:
    """What changing `old_inputs` into `inputs` does to the object that `state` remembers."""
    old = _comparable(old_inputs, state, cluster)
    new = _comparable(inputs, state, cluster)
    replacing = immutable.replacing_paths(
        new,
        config_map_mutable=settings is not None and settings.config_map_mutable,
        secret_mutable=settings is not None and settings.secret_mutable,
        patch=token.is_patch_of(inputs),
    )
    if api_group(str(old.get("apiVersion"))) != api_group(str(new.get("apiVersion"))):
        replacing += (("apiVersion",),)
    if old.get("kind") != new.get("kind"):
        replacing += (("kind",),)
    found = [change for change in differences(old, new, replacing) if not ignored(change.path, ignore_changes)]
    same_object = m.name(new) == m.name(state) and m.namespace(new) == m.namespace(state)
    return Plan(
        differences=found,
        delete_before_replace=any(change.replaces for change in found)
        and same_object
        and not m.is_annotated(new, m.AUTONAMED),
    )


def _with_namespace(inputs: Manifest, cluster: Cluster | None) -> Manifest:
    if cluster is None or inputs["metadata"] == UNKNOWN or m.namespace(inputs):
        return inputs
    kind = cluster.kind_of(inputs)
    # A kind that the API server does not serve yet may turn out cluster-wide: `Create` knows.
    if kind is None or not kind.namespaced:
        return inputs
    return m.with_metadata(inputs, namespace=cluster.default_namespace)


def _comparable(inputs: Manifest, state: Mapping[str, Any], cluster: Cluster | None) -> Manifest:
    """Spells out what is the same said two ways: `core/v1`, and a namespace left to its default or set in vain."""
    manifest = normalization.normalized(m.without_read_only(inputs))
    if "apiVersion" in manifest:
        manifest["apiVersion"] = normal_api_version(str(manifest["apiVersion"]))
    if manifest.get("metadata") == UNKNOWN:
        return manifest
    kind = cluster.kind_of(manifest) if cluster is not None else None
    if kind is not None and not kind.namespaced:
        kept = {key: value for key, value in m.metadata(manifest).items() if key != "namespace"}
        return {**manifest, "metadata": kept}
    namespace = m.namespace(manifest) or m.namespace(state)
    return m.with_metadata(manifest, namespace=namespace) if namespace else manifest
