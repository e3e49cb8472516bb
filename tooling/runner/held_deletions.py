"""Reports early what blocks a deletion in a cluster, and how to unblock it.

A namespace is removed only after everything in it, so one object with a finalizer that nobody removes blocks it
forever. Plug-ins wait ten minutes in silence before they fail. Therefore, while an operation deletes, the runner asks
the API server about every Kubernetes object whose deletion takes longer than a moment. It only reads, and ignores
what it cannot read: the plug-in reports that.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from shared.errors import PlatformError
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId
from tooling.runner.messages import Step
from tooling.runner.stack_cluster import cluster_client

if TYPE_CHECKING:
    from tooling.plugins.kubernetes.cluster import Cluster

MOMENT = timedelta(seconds=4)
"""How long an unblocked deletion usually takes; an estimate."""
_POLL_SECONDS = 2.0

_DELETES = frozenset({"delete", "delete-replaced"})
_OF_THE_GARBAGE_COLLECTOR = frozenset({"foregroundDeletion", "orphan"})
_REMAINING = re.compile(r"([a-z0-9-]+)\.(\S*) has \d+ resource instances")
"""In `NamespaceContentRemaining`: `configmaps. has 1 resource instances, deployments.apps has 2 resource instances`."""
_STALE = re.compile(r"([a-z0-9.-]+)/(v[a-z0-9]+): ")
"""In `NamespaceDeletionDiscoveryFailure`: `metrics.k8s.io/v1beta1: stale GroupVersion discovery`."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """Why an object that was deleted is still there."""

    reasons: tuple[str, ...]
    commands: tuple[str, ...]
    """`kubectl` commands that unblock it."""


@dataclass
class _Deletion:
    type: str
    started: float
    seen: Held | None = None
    """The reason at the last check; a reason seen only once may resolve itself."""
    said: Held | None = None


@dataclass
class DeletionWatch:
    """Watches the deletions of one operation on one stack, in its own thread, until the end of the block.

    `warn` is called with a resource's name and a text, once for each new reason.
    """

    engine: Engine
    stack: StackId
    warn: Callable[[str, str], None]
    _deletions: dict[str, _Deletion] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _record: Mapping[str, Any] | None = None
    _clusters: dict[str, Cluster] = field(default_factory=dict)

    def step(self, step: Step) -> None:
        """Receives every step of the operation."""
        if step.operation not in _DELETES or not step.type.startswith("kubernetes:") or "helm.sh" in step.type:
            return
        with self._lock:
            if step.phase == "started":
                self._deletions[step.urn] = _Deletion(type=step.type, started=time.monotonic())
            else:
                self._deletions.pop(step.urn, None)
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name=f"deletions of {self.stack}", daemon=True)
            self._thread.start()

    def __enter__(self) -> DeletionWatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        from tooling.plugins.kubernetes.client import ApiError

        while not self._stop.wait(_POLL_SECONDS):
            late = time.monotonic() - MOMENT.total_seconds()
            with self._lock:
                lasting = [(urn, one) for urn, one in self._deletions.items() if one.started <= late]
            for urn, deletion in lasting:
                # The plug-in fails for the same reason and reports it.
                with contextlib.suppress(PlatformError, ApiError):
                    self._look(urn, deletion)

    def _look(self, urn: str, deletion: _Deletion) -> None:
        resource = self._resource(urn)
        if resource is None:
            return
        cluster = self._cluster(resource)
        module, _, kind_name = deletion.type.removeprefix("kubernetes:").partition(":")
        kind = cluster.kind_of({"apiVersion": module.removeprefix("core/"), "kind": kind_name})
        live = cluster.get(cluster.known_target(kind, str(resource["id"]))) if kind is not None else None
        held = held_by(cluster, live) if live is not None else None
        if held is not None and held == deletion.seen != deletion.said:
            deletion.said = held
            self.warn(urn.rpartition("::")[2], self._text(live or {}, held))
        deletion.seen = held

    def _resource(self, urn: str) -> Mapping[str, Any] | None:
        if self._record is None:
            self._record = self.engine.record(self.stack)
        found = [one for one in self._record.get("resources") or () if one["urn"] == urn and one.get("id")]
        return found[0] if found else None

    def _cluster(self, resource: Mapping[str, Any]) -> Cluster:
        from tooling.plugins.kubernetes.cluster import Cluster

        provider = str(resource.get("provider"))
        if provider not in self._clusters:
            client = cluster_client(self.engine, self._record or {}, resource)
            self._clusters[provider] = Cluster(client, "default")
        return self._clusters[provider]

    def _text(self, live: Mapping[str, Any], held: Held) -> str:
        name = "/".join(filter(None, (live["metadata"].get("namespace"), live["metadata"]["name"])))
        kubeconfig = f"tiers kubeconfig --stack {self.stack.environment} > .local/kubeconfig"
        warning = PlatformError(
            "deletion-held",
            f"{live['kind']} {name} was deleted and is still there: {'; '.join(held.reasons)}",
            at=str(self.stack),
            hint="\n".join(
                [
                    "this run continues by itself once that is gone. If the controller that has to remove a finalizer "
                    "no longer runs, remove it:",
                    kubeconfig,
                    *(f"kubectl --kubeconfig .local/kubeconfig {command}" for command in held.commands),
                ]
            ),
        )
        return "warning" + str(warning).removeprefix("error")


def held_by(cluster: Cluster, live: Mapping[str, Any]) -> Held | None:
    """What blocks the requested deletion of an object; `None` if nothing is known.

    Raises:
        ApiError, Unreachable.
    """
    if not live["metadata"].get("deletionTimestamp"):
        return None
    found = [*_own_finalizers(live), *(_in_namespace(cluster, live) if live.get("kind") == "Namespace" else ())]
    if not found:
        return None
    reasons, commands = zip(*found, strict=True)
    return Held(reasons=reasons, commands=tuple(dict.fromkeys(filter(None, commands))))


def _in_namespace(cluster: Cluster, namespace: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = namespace["metadata"]["name"]
    for condition in (namespace.get("status") or {}).get("conditions") or ():
        if condition.get("status") != "True":
            continue
        kind, message = condition.get("type"), str(condition.get("message", ""))
        if kind == "NamespaceContentRemaining":
            for plural, group in _REMAINING.findall(message):
                for item in _items(cluster, group, plural, name):
                    if item["metadata"].get("deletionTimestamp"):
                        yield from _finalizers(item, plural, group)
        elif kind == "NamespaceDeletionDiscoveryFailure":
            stale = [f"{version}.{group}" for group, version in _STALE.findall(message)]
            yield message, f"delete apiservice {' '.join(stale)}" if stale else "get apiservices"
        elif kind in ("NamespaceDeletionContentFailure", "NamespaceDeletionGroupVersionParsingFailure"):
            yield message, ""


def _items(cluster: Cluster, group: str, plural: str, namespace: str) -> list[dict[str, Any]]:
    root = "/api/v1"
    if group:
        root = f"/apis/{cluster.client.request('GET', f'/apis/{group}')['preferredVersion']['groupVersion']}"
    return cluster.client.request("GET", f"{root}/namespaces/{namespace}/{plural}").get("items") or []


def _own_finalizers(live: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    group = str(live["apiVersion"]).rpartition("/")[0]
    yield from _finalizers(live, str(live["kind"]).lower(), group)


def _finalizers(item: Mapping[str, Any], resource: str, group: str) -> Iterator[tuple[str, str]]:
    metadata = item["metadata"]
    finalizers = [one for one in metadata.get("finalizers") or () if one not in _OF_THE_GARBAGE_COLLECTOR]
    if finalizers:
        where = f" --namespace {metadata['namespace']}" if metadata.get("namespace") else ""
        full = f"{resource}.{group}" if group else resource
        yield (
            f"{full} {metadata['name']} has the finalizer {', '.join(finalizers)}",
            f'patch {full} {metadata["name"]}{where} --type merge --patch \'{{"metadata":{{"finalizers":null}}}}\'',
        )
