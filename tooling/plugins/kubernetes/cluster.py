"""Objects on one API server: get, create, apply, replace, delete, and following them as they change.

One `Cluster` per provider instance. `operations` decides when to call what, and interprets the responses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tooling.plugins.kubernetes import client as http
from tooling.plugins.kubernetes import manifest as m
from tooling.plugins.kubernetes.cancellation import Cancellation
from tooling.plugins.kubernetes.client import ApiError, Client
from tooling.plugins.kubernetes.discovery import Discovery, Kind
from tooling.plugins.kubernetes.manifest import Manifest

_DRY_RUN = {"dryRun": "All"}
_STRICT = {"fieldValidation": "Strict"}
_RELIST_PAUSE = timedelta(seconds=1)
"""Between a watch that broke at once and the next one."""
_LONGEST_WATCH = timedelta(minutes=5)


@dataclass(frozen=True)
class Target:
    """One object's address."""

    kind: Kind
    namespace: str
    """Empty for a cluster-wide kind."""
    name: str

    @property
    def path(self) -> str:
        return self.kind.path(self.namespace, self.name)


class Cluster:
    def __init__(self, client: Client, default_namespace: str) -> None:
        self.client = client
        self.discovery = Discovery(client)
        self.cancellation = Cancellation()
        self.default_namespace = default_namespace

    def kind_of(self, manifest: Mapping[str, Any]) -> Kind | None:
        """The manifest's kind, or `None` if the API server does not serve it (yet)."""
        return self.discovery.find(str(manifest.get("apiVersion", "")), str(manifest.get("kind", "")))

    def target(self, kind: Kind, manifest: Mapping[str, Any]) -> Target:
        namespace = (m.namespace(manifest) or self.default_namespace) if kind.namespaced else ""
        return Target(kind, namespace, m.name(manifest))

    def known_target(self, kind: Kind, identity: str) -> Target:
        """The object that Pulumi's id names."""
        namespace, name = m.parse_id(identity)
        return Target(kind, (namespace or self.default_namespace) if kind.namespaced else "", name)

    def get(self, target: Target) -> Manifest | None:
        try:
            return self.client.request("GET", target.path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, target: Target, manifest: Manifest, *, manager: str, dry_run: bool = False) -> Manifest:
        """POST: makes the object, and never changes one that exists. Raises: ApiError: `AlreadyExists`."""
        query = {"fieldManager": manager, **_STRICT, **(_DRY_RUN if dry_run else {})}
        path = target.kind.path(target.namespace)
        return self.client.request("POST", path, query=query, body=_addressed(target, manifest))

    def apply(
        self, target: Target, manifest: Manifest, *, manager: str, force: bool, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply: what `manifest` leaves out and `manager` owned before is given up."""
        query = {"fieldManager": manager, "force": str(force).lower(), **_STRICT, **(_DRY_RUN if dry_run else {})}
        body = _addressed(target, manifest)
        return self.client.request("PATCH", target.path, query=query, body=body, content_type=http.APPLY_PATCH)

    def replace(self, target: Target, manifest: Manifest, *, manager: str, dry_run: bool = False) -> Manifest:
        """PUT: the whole object. `metadata.resourceVersion` has to be the live one."""
        query = {"fieldManager": manager, **_STRICT, **(_DRY_RUN if dry_run else {})}
        return self.client.request("PUT", target.path, query=query, body=_addressed(target, manifest))

    def patch(self, target: Target, operations: list[dict[str, Any]]) -> Manifest:
        return self.client.request("PATCH", target.path, body=operations, content_type=http.JSON_PATCH)

    def delete(self, target: Target, *, propagation: str, uid: str) -> None:
        """Asks for deletion. Raises: ApiError 409 if the object of that name has another uid."""
        options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        self.client.request("DELETE", target.path, body=options)

    def list(self, kind: Kind, namespace: str, **selectors: str) -> list[Manifest]:
        """Args: selectors: `labelSelector`, `fieldSelector`."""
        return self.client.request("GET", kind.path(namespace), query=selectors).get("items") or []

    def follow(self, kind: Kind, namespace: str, lasting: timedelta, **selectors: str) -> Iterator[list[Manifest]]:
        """Yields the selected objects, at once and after every change, until `lasting` is over.

        Lists, then watches; lists again when a watch ends or its history has gone.

        Raises:
            ApiError, Unreachable, Cancelled.
        """
        path = kind.path(namespace)
        deadline = datetime.now(UTC) + lasting
        while True:
            self.cancellation.check()
            page = self.client.request("GET", path, query=selectors)
            objects = {item["metadata"]["uid"]: item for item in page.get("items") or []}
            yield _typed(kind, objects)
            left = deadline - datetime.now(UTC)
            if left <= timedelta(0):
                return
            query = {**selectors, "resourceVersion": page["metadata"]["resourceVersion"]}
            events = self.client.watch(path, query, lasting=min(left, _LONGEST_WATCH), cancellation=self.cancellation)
            for event in events:
                if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
                    break
                item = event["object"]
                if event["type"] == "DELETED":
                    objects.pop(item["metadata"]["uid"], None)
                else:
                    objects[item["metadata"]["uid"]] = item
                yield _typed(kind, objects)
            if datetime.now(UTC) >= deadline:
                return
            self.cancellation.sleep(_RELIST_PAUSE)

    def follow_one(self, target: Target, lasting: timedelta) -> Iterator[Manifest | None]:
        """`follow` for one object; `None` while it does not exist."""
        selector = f"metadata.name={target.name}"
        for objects in self.follow(target.kind, target.namespace, lasting, fieldSelector=selector):
            yield objects[0] if objects else None


def _addressed(target: Target, manifest: Manifest) -> Manifest:
    """The body names the namespace that its path does, and none for a cluster-wide kind."""
    metadata = {key: value for key, value in m.metadata(manifest).items() if key != "namespace"}
    if target.namespace:
        metadata["namespace"] = target.namespace
    return {**manifest, "apiVersion": target.kind.api_version, "metadata": metadata}


def _typed(kind: Kind, objects: Mapping[str, Manifest]) -> list[Manifest]:
    """Items of a list lack what a single object has: its apiVersion and kind."""
    return [{**item, "apiVersion": kind.api_version, "kind": kind.kind} for item in objects.values()]
