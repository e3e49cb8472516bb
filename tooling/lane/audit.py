"""Finds leftovers: everything in the emulated AWS and the API server that was not there when the lane was created.

The baseline is taken once, before any stack exists. What Kubernetes makes, renews and removes by itself is no finding;
the rules for that are the rows of `_BY_ITSELF`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from shared.errors import BadInput, PlatformError
from tooling.lane.state import REGION, Lane
from tooling.paths import REPOSITORY
from tooling.whole_files import write_whole

_SETTLE_POLL_SECONDS = 0.5
_BASELINE_SECONDS = 20.0
_SETTLE_SECONDS = 15.0
"""The garbage collector removes dependents of a deleted object within seconds; what stays longer is a leftover."""


@dataclass(frozen=True)
class _Automatic:
    """Objects that Kubernetes creates and removes by itself; `names` None: all of that kind."""

    why: str
    kinds: frozenset[str]
    names: frozenset[str] | None = None
    label: str | None = None

    def covers(self, kind: str, metadata: dict[str, Any]) -> bool:
        return (
            kind in self.kinds
            and (self.names is None or metadata["name"] in self.names)
            and (self.label is None or self.label in (metadata.get("labels") or {}))
        )


_BY_ITSELF = (
    _Automatic("records of what happened, dropped after an hour", frozenset({"Event"})),
    _Automatic("heartbeats of nodes and of the API server", frozenset({"Lease"})),
    _Automatic("mirror a Service, which is a finding itself", frozenset({"Endpoints", "EndpointSlice"})),
    _Automatic("in every namespace, and removed with it", frozenset({"ConfigMap"}), frozenset({"kube-root-ca.crt"})),
    _Automatic("in every namespace, and removed with it", frozenset({"ServiceAccount"}), frozenset({"default"})),
    _Automatic(
        "registered for every API group, and removed with its last kind",
        frozenset({"APIService"}),
        label="kube-aggregator.kubernetes.io/automanaged",
    ),
)


def take_baseline(lane: Lane) -> None:
    """Records what exists now, once the control plane has stopped adding to it."""

    def look() -> list[dict[str, Any]]:
        # Sorted: the API server lists ComponentStatus in arbitrary order.
        return sorted(_kubernetes(lane), key=_identity)

    # In parallel: most of the time of the AWS inventory is spent on loading its clients.
    with ThreadPoolExecutor(1) as beside:
        aws = beside.submit(lambda: list(_aws(lane)))
        kubernetes = _settled(look, lambda before, now: before == now, _BASELINE_SECONDS)
    write_whole(lane.baseline_file, json.dumps({"version": 1, "found": [*kubernetes, *aws.result()]}, indent=1))


def found(lane: Lane) -> list[dict[str, Any]]:
    """Everything that exists now, as `left` describes it, except what Kubernetes manages by itself.

    Raises:
        OSError: the lane does not answer.
    """
    return [*_kubernetes(lane), *_aws(lane)]


def left(lane: Lane | None = None, *, settle_seconds: float = _SETTLE_SECONDS) -> list[dict[str, Any]]:
    """What exists now and is not in the baseline, each as `{"in": "aws" | "kubernetes", …}`.

    Waits up to `settle_seconds` for what is being deleted to go.

    Raises:
        BadInput: no lane, or one without a baseline. PlatformError: it does not run.
    """
    lane = lane or Lane.load()
    if lane is None or not lane.baseline_file.exists():
        raise BadInput(
            "lane-without-baseline",
            "there is no baseline: no lane has been started",
            at="--stack local",
            hint="tiers local up",
        )
    baseline = {_identity(entry) for entry in json.loads(lane.baseline_file.read_text())["found"]}

    deadline = time.monotonic() + settle_seconds

    def settled(look: Callable[[Lane], Iterable[dict[str, Any]]]) -> list[dict[str, Any]]:
        def added() -> list[dict[str, Any]]:
            return [entry for entry in look(lane) if _identity(entry) not in baseline]

        return _settled(added, lambda _, now: not now, deadline - time.monotonic())

    try:
        # One after the other: each look at AWS takes a second of CPU, and what is being deleted is mostly Kubernetes'.
        return [*settled(_kubernetes), *settled(_aws)]
    except OSError as error:
        raise PlatformError(
            "lane-not-running",
            f"the local lane does not respond: {error}",
            at=str(lane.directory),
            hint="tiers local up",
        ) from error


def _settled(
    look: Callable[[], list[dict[str, Any]]],
    settled: Callable[[list[dict[str, Any]] | None, list[dict[str, Any]]], bool],
    patience_seconds: float,
) -> list[dict[str, Any]]:
    """The result of `look` once `settled(before, now)`, or after the time limit."""
    deadline = time.monotonic() + patience_seconds
    before, now = None, look()
    while not settled(before, now) and time.monotonic() < deadline:
        time.sleep(_SETTLE_POLL_SECONDS)
        before, now = now, look()
    return now


def _kubernetes(lane: Lane) -> Iterable[dict[str, Any]]:
    with lane.cluster.api() as api:
        for group, kind, metadata in api.object_metadata():
            if not any(rule.covers(kind, metadata) for rule in _BY_ITSELF):
                yield {
                    "in": "kubernetes",
                    "group": group,
                    "kind": kind,
                    "namespace": metadata.get("namespace", ""),
                    "name": metadata["name"],
                }


_INVENTORY = """
import json, sys
from tooling.aws_emulator.inventory import inventory
json.dump(inventory(*sys.argv[1:]), sys.stdout)
"""


def _aws(lane: Lane) -> Iterable[dict[str, Any]]:
    # In the lane's own environment: from the user's, boto3 would take proxies and a profile that must exist.
    answer = subprocess.run(
        [sys.executable, "-c", _INVENTORY, lane.aws_endpoint, REGION],
        env={**lane.environment(), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        raise ConnectionError(answer.stderr.strip().rpartition("\n")[2])
    for entry in json.loads(answer.stdout):
        yield {"in": "aws", **entry}


def _identity(entry: dict[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, default=str)
