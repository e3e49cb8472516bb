"""Makes the API server agree with the account, from whatever state it is found in.

One pass lists all objects with the emulator's label, applies what is missing or was applied from another manifest, and
deletes what is no longer wanted. A failure of one object does not stop the others; the next pass tries again.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tooling.aws_emulator.controllers import kubernetes_api as api_kinds
from tooling.aws_emulator.controllers.addon_objects import addon_namespaces
from tooling.aws_emulator.controllers.desired import desired_objects
from tooling.aws_emulator.controllers.ingresses import status_correction
from tooling.aws_emulator.controllers.kubernetes_api import APPLIED_KINDS, CRD, ApiError, Kind, KubernetesApi, Manifest
from tooling.aws_emulator.controllers.labels import FINGERPRINT, MANAGED_BY, MANAGER, REMINDER, SELECTOR
from tooling.aws_emulator.controllers.nodes import correction, node
from tooling.aws_emulator.controllers.snapshot import ClusterSnapshot

Key = tuple[str, str, str]
"""Kind, namespace (empty if none), name."""


_NOT_SERVED_YET = (404, 429)
_LATE_POD_SECONDS = 30.0
"""How long a controller that has not yet heard of a node's removal may still put pods on it."""


@dataclass
class Outcome:
    """What a pass left undone, in words: `failures` were refused, `pending` needs another look, most of it since the
    API server deletes in its own time."""

    failures: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        return not (self.failures or self.pending)

    def attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except ApiError as error:
            self.failures.append(str(error))


class Reconciler:
    """One API server's. Raises Unreachable where a pass cannot be made at all."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._removed_nodes: dict[str, float] = {}
        """Names, with the moment of their removal."""

    def run(self, cluster: ClusterSnapshot | None) -> Outcome:
        """One pass."""
        outcome = Outcome()
        namespaces = {
            namespace["metadata"]["name"]
            for namespace in self._api.list(api_kinds.NAMESPACE)
            if not namespace["metadata"].get("deletionTimestamp")
        }
        if cluster is not None:
            for name in sorted(addon_namespaces(cluster.addons) - namespaces):
                manifest: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                outcome.attempt(partial(self._api.create, api_kinds.NAMESPACE, manifest))
        self._applied(cluster, namespaces, outcome)
        self._nodes(cluster, outcome)
        if cluster is not None:
            self._ingresses(cluster, outcome)
        return outcome

    def _applied(self, cluster: ClusterSnapshot | None, namespaces: set[str], outcome: Outcome) -> None:
        actual = {
            _key(kind, manifest): manifest
            for kind in APPLIED_KINDS
            for manifest in self._api.list(kind, selector=SELECTOR)
        }
        wanted = {
            _key(_kind_of(manifest), manifest): _marked(manifest)
            for manifest in desired_objects(cluster, namespaces=namespaces, accepts_address=self._accepts_address)
        }
        for key, manifest in wanted.items():
            known = actual.get(key)
            if known is not None and _is_going(known):
                outcome.pending.append(f"{key[0]} {key[2]} is to be made again, and still being deleted")
            elif known is None or _fingerprint(known) != _fingerprint(manifest):
                outcome.attempt(partial(self._api.apply, _kind_of(manifest), manifest))
        for key, manifest in actual.items():
            if key not in wanted:
                outcome.pending.append(f"{key[0]} {key[2]} is being deleted")
                if key[0] == CRD.kind:
                    outcome.attempt(partial(self._delete_definition, manifest))
                elif not _is_going(manifest):
                    outcome.attempt(partial(self._api.delete, _BY_NAME[key[0]], key[2], key[1] or None))

    def _delete_definition(self, definition: Manifest) -> None:
        """The API server (1.35) deletes a definition only if its objects can be listed at that moment, which they
        cannot just after somebody first asks for them; then it waits for minutes, or until the definition changes."""
        name, spec = definition["metadata"]["name"], definition["spec"]
        version = f"{spec['group']}/{spec['versions'][0]['name']}"
        try:
            self._api.list(Kind(version, spec["names"]["kind"], spec["names"]["plural"], False))
        except ApiError as error:
            if error.status not in _NOT_SERVED_YET:
                raise
            if not _is_going(definition):
                return
        if _is_going(definition):
            change = {REMINDER: definition["metadata"]["resourceVersion"]}
            self._api.merge(CRD, name, {"metadata": {"annotations": change}})
        else:
            self._api.delete(CRD, name)

    def _nodes(self, cluster: ClusterSnapshot | None, outcome: Outcome) -> None:
        actual = {item["metadata"]["name"]: item for item in self._api.list(api_kinds.NODE, selector=SELECTOR)}
        wanted = {instance.name: instance for instance in cluster.instances} if cluster is not None else {}
        for name, instance in wanted.items():
            known = actual.get(name)
            if known is not None and known["spec"].get("providerID") != node(instance)["spec"]["providerID"]:
                # Another instance got the address: another node of the same name.
                outcome.attempt(partial(self._api.delete, api_kinds.NODE, name))
                known = None
            if known is None:
                outcome.attempt(partial(self._api.create, api_kinds.NODE, node(instance)))
                continue
            patch = correction(instance, known)
            if patch is not None:
                outcome.attempt(partial(self._api.merge, api_kinds.NODE, name, patch))
        for name in actual:
            if name not in wanted:
                outcome.attempt(partial(self._api.delete, api_kinds.NODE, name))
                self._removed_nodes[name] = time.monotonic()
        for name, removed in list(self._removed_nodes.items()):
            if name in wanted or time.monotonic() - removed > _LATE_POD_SECONDS:
                del self._removed_nodes[name]
            else:
                outcome.attempt(partial(self._remove_pods_of, name))

    def _remove_pods_of(self, node_name: str) -> None:
        """They ended with their machine. The controller manager would find out too, but takes a minute over it.

        Asked for more than once a node: the DaemonSet controller makes a pod for a node that it still believes in.
        """
        for pod in self._api.list(api_kinds.POD, fields=f"spec.nodeName={node_name}"):
            metadata = pod["metadata"]
            self._api.delete(api_kinds.POD, metadata["name"], metadata["namespace"], grace_seconds=0)

    def _ingresses(self, cluster: ClusterSnapshot, outcome: Outcome) -> None:
        for ingress in self._api.list(api_kinds.INGRESS):
            patch = status_correction(ingress, cluster.region)
            if patch is not None:
                metadata = ingress["metadata"]
                apply_status = partial(
                    self._api.merge, api_kinds.INGRESS, metadata["name"], patch, namespace=metadata["namespace"]
                )
                outcome.attempt(partial(apply_status, subresource="status"))

    def _accepts_address(self, address: str) -> bool:
        ranges = self._api.get(api_kinds.SERVICE_CIDR, "kubernetes") or {"spec": {"cidrs": []}}
        return any(ipaddress.ip_address(address) in ipaddress.ip_network(cidr) for cidr in ranges["spec"]["cidrs"])


_BY_NAME = {kind.kind: kind for kind in APPLIED_KINDS}


def _kind_of(manifest: Manifest) -> Kind:
    return _BY_NAME[manifest["kind"]]


def _key(kind: Kind, manifest: Manifest) -> Key:
    metadata = manifest["metadata"]
    return (kind.kind, metadata.get("namespace") or "", metadata["name"])


def _marked(manifest: Manifest) -> Manifest:
    """The manifest with the emulator's label and the hash of its content."""
    content = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode("utf-8")).hexdigest()[:16]
    metadata: dict[str, Any] = manifest["metadata"]
    return {
        **manifest,
        "metadata": {
            **metadata,
            "labels": {**metadata.get("labels", {}), MANAGED_BY: MANAGER},
            "annotations": {**metadata.get("annotations", {}), FINGERPRINT: content},
        },
    }


def _is_going(manifest: Manifest) -> bool:
    return "deletionTimestamp" in manifest["metadata"]


def _fingerprint(manifest: Manifest) -> str | None:
    return (manifest["metadata"].get("annotations") or {}).get(FINGERPRINT)
