"""Questions to a container registry. Source: OCI distribution specification, "Pull"."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import urllib3

_PATIENCE = urllib3.Timeout(connect=10, read=30)
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_PAGES = 50
"""Pages of 1,000 tags: more than any image of the platform has."""


class OutOfReach(Exception):
    """The registry does not answer, or its answer is not one of a registry."""


@dataclass(frozen=True, kw_only=True)
class Image:
    host: str
    repository: str
    tag: str
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Image:
        """`host/repository:tag`, optionally followed by `@sha256:…`."""
        name, _, digest = text.partition("@")
        host, _, rest = name.partition("/")
        repository, _, tag = rest.rpartition(":")
        return cls(host=host, repository=repository, tag=tag, digest=digest)

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}:{self.tag}{f'@{self.digest}' if self.digest else ''}"


class Registry:
    """One registry, queried without credentials; an anonymous token is fetched and cached if it wants one."""

    def __init__(self, host: str) -> None:
        self._root = f"{'http' if _is_loopback(host) else 'https'}://{host}"
        self._pool = urllib3.PoolManager(timeout=_PATIENCE, retries=urllib3.Retry(total=2, redirect=5))
        self._token = ""

    def digest(self, image: Image) -> str:
        """The digest that the tag refers to now; empty if there is no such tag.

        Raises:
            OutOfReach.
        """
        answer = self._ask("HEAD", f"/v2/{image.repository}/manifests/{image.tag}", accept=", ".join(_MANIFESTS))
        if answer.status == 404:
            return ""
        return str(answer.headers.get("Docker-Content-Digest", ""))

    def tags(self, repository: str) -> list[str]:
        """Every tag. Raises: OutOfReach."""
        path, found = f"/v2/{repository}/tags/list?n=1000", []
        for _ in range(_PAGES):
            answer = self._ask("GET", path)
            if answer.status == 404:
                break
            found += json.loads(answer.data).get("tags") or []
            following = re.search(r'<([^>]+)>;\s*rel="next"', answer.headers.get("Link", ""))
            if following is None:
                break
            path = urljoin(path, following[1])
        return found

    def _ask(self, method: str, path: str, *, accept: str = "application/json") -> urllib3.BaseHTTPResponse:
        for attempt in (1, 2):
            headers = {"Accept": accept, **({"Authorization": f"Bearer {self._token}"} if self._token else {})}
            answer = self._request(method, f"{self._root}{path}", headers)
            if answer.status != 401 or attempt == 2:
                break
            self._token = self._fetched_token(answer.headers.get("WWW-Authenticate", ""))
        if answer.status >= 400 and answer.status != 404:
            raise OutOfReach(f"{self._root} answers {answer.status}")
        return answer

    def _fetched_token(self, challenge: str) -> str:
        """Source: distribution, "Token Authentication Specification"."""
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        if not challenge.lower().startswith("bearer ") or "realm" not in asked:
            raise OutOfReach(f"{self._root} requires credentials")
        query = urlencode({key: asked[key] for key in ("service", "scope") if key in asked})
        answer = self._request("GET", f"{asked['realm']}?{query}", {})
        if answer.status != 200:
            raise OutOfReach(f"{self._root} issues no token: {answer.status}")
        content: dict[str, Any] = json.loads(answer.data)
        return str(content.get("token") or content.get("access_token") or "")

    def _request(self, method: str, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, url, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise OutOfReach(f"{self._root} cannot be reached ({type(error).__name__})") from error


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] or host
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
