"""A small client for the lane's own API server, as administrator: requests, readiness, a list of all objects.

Standard library only: the kubernetes client takes a second to import, and `tiers local status` should not.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class ApiServer:
    """One keep-alive connection; not thread-safe."""

    def __init__(self, server: str, pki: Path, *, timeout_seconds: float = 10.0) -> None:
        """`pki` holds ca.crt, admin.crt and admin.key, as kwokctl writes them."""
        address = urlsplit(server)
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        # http.client, since urllib obeys proxy variables.
        self._connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=timeout_seconds
        )

    def __enter__(self) -> ApiServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        accept: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends any request; `headers` adds more, such as those of impersonation.

        Raises:
            OSError: nobody answers.
        """
        all_headers = {"Accept": accept, "Content-Type": "application/json", **(headers or {})}
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), all_headers)
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.read())
        except http.client.HTTPException as error:
            self._connection.close()
            raise ConnectionError(str(error)) from error
        except OSError:
            self._connection.close()
            raise

    def watch(self, path: str) -> Iterator[dict[str, Any]]:
        """Changes of a collection, as they happen, after the version in `path`. Occupies the connection.

        Raises:
            OSError: nobody answers, or nothing happens within the timeout.
        """
        self._connection.request("GET", path, headers={"Accept": "application/json"})
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise ConnectionError(f"watching {path} returned {answer.status}")
        for line in answer:
            yield json.loads(line)

    def ready(self) -> bool:
        """Whether the API server reports that it is ready."""
        return self._exists("/readyz")

    def settled(self) -> bool:
        """Whether it is ready and the controller manager has finished its initial work, so that pods can be created."""
        return self.ready() and self._exists("/api/v1/namespaces/default/serviceaccounts/default")

    def _exists(self, path: str) -> bool:
        try:
            return self.request("GET", path).status == 200
        except OSError:
            return False

    def object_metadata(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Group, kind and `metadata` of every object of every kind that can be listed.

        Raises:
            OSError: nobody answers, or not well.
        """
        for group, version, resource in self._listable():
            root = f"/apis/{group}/{version}" if group else f"/api/{version}"
            answer = self.request("GET", f"{root}/{resource['resource']}", accept=_METADATA)
            if answer.status in (404, 405):  # a custom resource that has been removed since
                continue
            if answer.status != 200:
                raise ConnectionError(f"listing {resource['resource']} of {group or 'core'} returned {answer.status}")
            for item in answer.json()["items"] or ():  # `null` if there is none
                yield group, resource["responseKind"]["kind"], item["metadata"]

    def _listable(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for root in ("/api", "/apis"):
            answer = self.request("GET", root, accept=_DISCOVERY)
            if answer.status != 200:
                raise ConnectionError(f"{root} returned {answer.status}")
            for group in answer.json()["items"]:
                # The first version is the preferred one; a kind that only an older version serves is listed there.
                seen: set[str] = set()
                for version in group["versions"]:
                    for resource in version.get("resources", ()):
                        if "list" in resource["verbs"] and resource["resource"] not in seen:
                            seen.add(resource["resource"])
                            yield group["metadata"].get("name", ""), version["version"], resource
