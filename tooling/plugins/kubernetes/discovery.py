"""Discovers the kinds that the API server serves; the plug-in has no table of kinds."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tooling.plugins.kubernetes.client import Client

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""Aggregated discovery: one document per root path (general availability in Kubernetes 1.30)."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind in one version, and where its objects live."""

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """`/apis/apps/v1/namespaces/a/deployments/b`; without a name, the collection's."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{quote(namespace or 'default', safe='')}" if self.namespaced else ""
        return f"{root}{scope}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")


class Discovery:
    """Asked once, and once more whenever an unknown kind is looked up: a definition may have come since."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], Kind] | None = None

    def find(self, api_version: str, kind: str) -> Kind | None:
        """The kind, or `None` if the API server does not serve it.

        Raises:
            ApiError, Unreachable: as `Client.request`.
        """
        key = (normal_api_version(api_version), kind)
        with self._lock:
            fresh = self._kinds is None
            kinds = self._kinds if self._kinds is not None else self._load()
            if key not in kinds and not fresh:
                kinds = self._load()
            return kinds.get(key)

    def forget(self) -> None:
        """Makes the next look-up ask again: a definition was created, changed or deleted."""
        with self._lock:
            self._kinds = None

    def _load(self) -> dict[tuple[str, str], Kind]:
        kinds: dict[tuple[str, str], Kind] = {}
        for root in ("/api", "/apis"):
            document = self._client.request("GET", root, accept=AGGREGATED)
            for group in document.get("items", []):
                name = group.get("metadata", {}).get("name", "")
                for version in group.get("versions", []):
                    for resource in version.get("resources", []):
                        if not resource.get("responseKind"):
                            continue  # a path that holds sub-resources only
                        kind = _kind(name, version["version"], resource)
                        kinds[kind.api_version, kind.kind] = kind
        self._kinds = kinds
        return kinds


def normal_api_version(api_version: str) -> str:
    """`core/v1`, as Pulumi's tokens spell it, is the API server's `v1`."""
    return api_version.removeprefix("core/")


def api_group(api_version: str) -> str:
    """`apps/v1` → `apps`; the core group is empty."""
    group, _, version = normal_api_version(api_version).rpartition("/")
    return group if version else ""


def _kind(group: str, version: str, resource: Mapping[str, Any]) -> Kind:
    return Kind(
        group=group,
        version=version,
        kind=resource["responseKind"]["kind"],
        plural=resource["resource"],
        namespaced=resource["scope"] == "Namespaced",
    )
