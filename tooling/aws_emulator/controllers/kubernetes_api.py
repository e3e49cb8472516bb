"""A small client of the Kubernetes API: the kinds the controllers make, server-side apply, nothing discovered.

The kinds are few and known, so the hundred requests of a discovering client are saved.
"""

from __future__ import annotations

import json
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from tooling.aws_emulator.controllers.labels import MANAGER
from tooling.aws_emulator.kubeconfig import AdministratorAccess

Manifest = dict[str, Any]

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_TIMEOUT = urllib3.Timeout(connect=2, read=10)


class ApiError(Exception):
    """The API server said no. `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Unreachable(Exception):
    """There is no API server at that address, or it is not up."""


@dataclass(frozen=True)
class Kind:
    """One kind of object, and the path of its collection."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        root = f"/api/{self.api_version}" if "/" not in self.api_version else f"/apis/{self.api_version}"
        within = f"/namespaces/{quote(namespace)}" if self.namespaced and namespace else ""
        return f"{root}{within}/{self.plural}" + (f"/{quote(name, safe=':')}" if name else "")


CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", False)
NODE = Kind("v1", "Node", "nodes", False)
NAMESPACE = Kind("v1", "Namespace", "namespaces", False)
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts", True)
SERVICE = Kind("v1", "Service", "services", True)
POD = Kind("v1", "Pod", "pods", True)
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments", True)
DAEMON_SET = Kind("apps/v1", "DaemonSet", "daemonsets", True)
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", False)
CLUSTER_ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", False)
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", True)
INGRESS = Kind("networking.k8s.io/v1", "Ingress", "ingresses", True)
SERVICE_CIDR = Kind("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", False)

APPLIED_KINDS = (
    CRD,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    SERVICE,
    DAEMON_SET,
    DEPLOYMENT,
)
"""Kinds of what the controllers apply, in the order in which they are made. Nodes have a reconciler of their own."""


class KubernetesApi:
    """Safe for one thread."""

    def __init__(self, access: AdministratorAccess) -> None:
        context = ssl.create_default_context(cadata=access.certificate_authority.decode("ascii"))
        with tempfile.TemporaryDirectory() as directory:  # mode 0700; the ssl module reads from files alone
            certificate, key = Path(directory, "certificate"), Path(directory, "key")
            certificate.write_bytes(access.client_certificate)
            key.write_bytes(access.client_key)
            context.load_cert_chain(certificate, key)
        self._pool = urllib3.PoolManager(ssl_context=context, timeout=_TIMEOUT, retries=False)
        self._server = access.server

    def list(self, kind: Kind, *, selector: str = "", fields: str = "") -> list[Manifest]:
        """All objects of a kind, in all namespaces."""
        query = {name: value for name, value in (("labelSelector", selector), ("fieldSelector", fields)) if value}
        return self._request("GET", kind.path(), query=query).get("items", [])

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Manifest | None:
        try:
            return self._request("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def signing_keys(self) -> Manifest:
        """The JWKS of its service-account tokens."""
        return self._request("GET", "/openid/v1/jwks")

    def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        return self._request("POST", kind.path(manifest["metadata"].get("namespace")), body=manifest)

    def apply(self, kind: Kind, manifest: Manifest, *, subresource: str = "") -> None:
        """Server-side apply; takes fields over from other managers."""
        metadata = manifest["metadata"]
        path = kind.path(metadata.get("namespace"), metadata["name"]) + (f"/{subresource}" if subresource else "")
        query = {"fieldManager": MANAGER, "force": "true"}
        self._request("PATCH", path, query=query, body=manifest, content_type=_APPLY)

    def merge(
        self, kind: Kind, name: str, patch: Manifest, *, subresource: str = "", namespace: str | None = None
    ) -> None:
        path = kind.path(namespace, name) + (f"/{subresource}" if subresource else "")
        self._request("PATCH", path, query={"fieldManager": MANAGER}, body=patch, content_type=_MERGE)

    def delete(self, kind: Kind, name: str, namespace: str | None = None, *, grace_seconds: int | None = None) -> None:
        """In the background; what is gone already is no error."""
        query = {"propagationPolicy": "Background"}
        if grace_seconds is not None:
            query["gracePeriodSeconds"] = str(grace_seconds)
        try:
            self._request("DELETE", kind.path(namespace, name), query=query)
        except ApiError as error:
            if error.status != 404:
                raise

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = "application/json",
    ) -> Manifest:
        url = f"{self._server}{path}" + (f"?{urlencode(query)}" if query else "")
        encoded = json.dumps(body).encode("utf-8") if body is not None else None
        try:
            answer = self._pool.request(method, url, body=encoded, headers={"Content-Type": content_type})
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{self._server}: {type(error).__name__}") from error
        if answer.status >= 400:
            raise ApiError(answer.status, f"{method} {path}: {answer.status} {_message(answer.data)}")
        return json.loads(answer.data)


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body).get("message", ""))
    except (ValueError, AttributeError):
        return body[:200].decode("utf-8", "replace")
