"""Somebody else who writes to the cluster: drift, conflicts, deletions behind our back."""

from __future__ import annotations

from typing import Any

from tooling.plugins.kubernetes.client import APPLY_PATCH
from tooling.plugins.kubernetes.cluster import Cluster


class Meddler:
    def __init__(self, api: Cluster) -> None:
        self._api = api

    def live(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        kind = self._api.kind_of(manifest)
        assert kind is not None
        return self._api.get(self._api.target(kind, manifest))

    def merge(self, manifest: dict[str, Any], change: dict[str, Any], manager: str = "meddler") -> dict[str, Any]:
        """A JSON merge patch."""
        return self._patch(manifest, change, {"fieldManager": manager}, "application/merge-patch+json")

    def apply(self, manifest: dict[str, Any], change: dict[str, Any], manager: str = "meddler") -> dict[str, Any]:
        """A server-side apply by force: he owns the fields afterwards."""
        identity = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": _identity(manifest)}
        return self._patch(manifest, {**identity, **change}, {"fieldManager": manager, "force": "true"}, APPLY_PATCH)

    def delete(self, manifest: dict[str, Any]) -> None:
        self._api.client.request("DELETE", self._path(manifest))

    def _patch(
        self, manifest: dict[str, Any], body: dict[str, Any], query: dict[str, str], content_type: str
    ) -> dict[str, Any]:
        path = self._path(manifest)
        return self._api.client.request("PATCH", path, query=query, body=body, content_type=content_type)

    def _path(self, manifest: dict[str, Any]) -> str:
        kind = self._api.kind_of(manifest)
        assert kind is not None
        return self._api.target(kind, manifest).path


def _identity(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: manifest["metadata"][key] for key in ("name", "namespace") if key in manifest["metadata"]}
