"""The kubelet's access to the API server: one connection for all its threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from tooling.lane.api_server import Answer, ApiServer

_MERGE = {"Content-Type": "application/strategic-merge-patch+json"}


class Api:
    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._lock = threading.Lock()

    def request(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Raises OSError: nobody answers."""
        with self._lock:
            try:
                return self._server.request(method, path, body, headers=headers)
            except OSError:
                # The server closes a connection that was not used for a while.
                return self._server.request(method, path, body, headers=headers)

    def get(self, path: str) -> dict[str, Any] | None:
        """The object, or None if there is none. Raises OSError: nobody answers, or not well."""
        answer = self.request("GET", path)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise ConnectionError(f"GET {path} returned {answer.status}")
        return answer.json()

    def items(self, path: str) -> list[dict[str, Any]]:
        """Objects of a collection. Raises OSError: nobody answers, or not well."""
        found = self.get(path)
        return (found or {}).get("items") or []

    def patch(self, path: str, body: object) -> Answer:
        return self.request("PATCH", path, body, headers=_MERGE)
