"""Events about a pod, with the kubelet's own words; a repeated one is counted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tooling.kubelet.api import Api
from tooling.kubelet.status import now


class Events:
    def __init__(self, api: Api, pod: Mapping[str, Any]) -> None:
        self._api = api
        self._pod = pod
        self._known: dict[tuple[str, str], tuple[str, int]] = {}

    def say(self, reason: str, message: str, *, container: str = "", warning: bool = False) -> None:
        """Raises OSError: nobody answers. A refusal is ignored: a namespace that is being deleted takes no events."""
        metadata = self._pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/events"
        name, count = self._known.get((reason, message), ("", 0))
        if name:
            self._api.patch(f"{path}/{name}", {"count": count + 1, "lastTimestamp": now()})
        else:
            name = f"{metadata['name']}.{time.time_ns():x}"
            path_in_pod = {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
            event = {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": metadata["namespace"]},
                "involvedObject": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "namespace": metadata["namespace"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    **path_in_pod,
                },
                "reason": reason,
                "message": message,
                "type": "Warning" if warning else "Normal",
                "source": {"component": "kubelet", "host": self._pod["spec"]["nodeName"]},
                "firstTimestamp": now(),
                "lastTimestamp": now(),
                "count": 1,
            }
            self._api.request("POST", path, event)
        self._known[reason, message] = (name, count + 1)
