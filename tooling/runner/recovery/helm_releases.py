"""Recovers a Helm release after an interrupted run.

Helm writes a record before it starts (a Secret of type `helm.sh/release.v1` for each revision) and sets its status at
the end. A run that is killed in between leaves `pending-install` or `pending-upgrade`, and from then on Helm refuses
the release: `cannot re-use a name that is still in use`, `another operation (install/upgrade/rollback) is in progress`.
The released plug-in can neither import nor upgrade such a release. Therefore the record is removed: the next install
or upgrade adopts the existing objects, since Helm has annotated them with the release's name. It sets what the chart
renders then; fields that only the interrupted run has set stay.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.engine_marks import SIGNATURE

if TYPE_CHECKING:
    from tooling.plugins.kubernetes.client import Client

_INSTALLED = frozenset({"deployed", "superseded"})


@dataclass(frozen=True, kw_only=True)
class Record:
    """The latest revision of a release in Helm's storage."""

    path: str
    """API path of its Secret."""
    revision: int
    status: str
    chart: str
    values: Mapping[str, Any]

    @property
    def is_installed(self) -> bool:
        return self.status in _INSTALLED

    @property
    def is_pending(self) -> bool:
        return self.status.startswith("pending-")

    def matches(self, inputs: Mapping[str, Any]) -> bool:
        """Whether the record belongs to the release that a resource's inputs describe, not to another of that name.

        Secret values of the inputs cannot be compared.
        """
        asked = str(inputs.get("chart", "")).rstrip("/").rpartition("/")[2]
        same_chart = asked == self.chart or asked.startswith(f"{self.chart}-")
        return same_chart and _same(inputs.get("values") or {}, self.values)


def identity(inputs: Mapping[str, Any]) -> str:
    """The released plug-in's id of a release, from the name and namespace in its inputs."""
    return f"{inputs['namespace']}/{inputs['name']}"


def latest(client: Client, inputs: Mapping[str, Any]) -> Record | None:
    """Helm's latest record of the release that `inputs` name; `None` if there is none.

    Raises:
        ApiError, Unreachable: the record cannot be read.
    """
    secrets = f"/api/v1/namespaces/{inputs['namespace']}/secrets"
    selector = {"labelSelector": f"owner=helm,name={inputs['name']}"}
    found = client.request("GET", secrets, query=selector).get("items") or []
    if not found:
        return None
    secret = max(found, key=lambda one: int(one["metadata"]["labels"]["version"]))
    labels = secret["metadata"]["labels"]
    # Base64 by Helm, and once more as every Secret's data.
    release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    return Record(
        path=f"{secrets}/{secret['metadata']['name']}",
        revision=int(labels["version"]),
        status=str(labels["status"]),
        chart=str(((release.get("chart") or {}).get("metadata") or {}).get("name", "")),
        values=release.get("config") or {},
    )


def remove(client: Client, record: Record) -> None:
    """Removes the record of one revision, if it still exists; the objects of the revision stay."""
    from tooling.plugins.kubernetes.client import ApiError

    try:
        client.request("DELETE", record.path)
    except ApiError as error:
        if error.status != 404:
            raise


def _same(asked: Any, recorded: Any) -> bool:
    if isinstance(asked, Mapping):
        if SIGNATURE in asked:
            return True
        return (
            isinstance(recorded, Mapping)
            and asked.keys() == recorded.keys()
            and all(_same(value, recorded[key]) for key, value in asked.items())
        )
    if isinstance(asked, list):
        return (
            isinstance(recorded, list)
            and len(asked) == len(recorded)
            and all(_same(mine, theirs) for mine, theirs in zip(asked, recorded, strict=True))
        )
    return bool(asked == recorded)
