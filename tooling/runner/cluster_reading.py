"""Reads objects of a deployed cluster, for checks before an operation, and ends the pods of suspended tenants.

The local lane is read with its administrator's certificate; other clusters with `kubectl`, the contract's kubeconfig
and the operator's own credentials.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.errors import PlatformError
from tooling.lane.state import Lane
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId

Items = list[dict[str, Any]]
Reader = Callable[[str], Items]
"""Path of a list in the Kubernetes API, e.g. `/api/v1/namespaces`, to its items."""

_KUBECTL = Path(sys.executable).parent / "kubectl"


def cluster_reader(engine: Engine, infrastructure: StackId) -> Reader | None:
    """A reader of the cluster that `infrastructure` has published; `None` if it has published none.

    A `Reader` raises PlatformError: `cluster-unreadable`.
    """
    if engine.is_local:
        lane = Lane.load()
        return None if lane is None else lambda path: _of_lane(lane, path)
    try:
        kubeconfig = engine.outputs(infrastructure).get("kubeconfig")
    except PlatformError:
        return None  # there is no such stack; the program reports that, too
    return None if not kubeconfig else lambda path: _by_kubectl(engine, str(kubeconfig), path)


def pod_remover(engine: Engine, infrastructure: StackId) -> Callable[[str], None]:
    """Deletes all pods of a namespace, without waiting for their end.

    What is returned raises PlatformError: `cluster-unreadable`.
    """
    if engine.is_local:
        return _remove_on_lane
    return lambda namespace: _remove_by_kubectl(engine, infrastructure, namespace)


def _remove_on_lane(namespace: str) -> None:
    lane = Lane.load()
    if lane is None:
        return
    path = f"/api/v1/namespaces/{namespace}/pods"
    with lane.cluster.api() as api:
        answer = api.request("DELETE", path)
    if answer.status != 200:
        raise _unreadable("local", f"{path} returned {answer.status}")


def _remove_by_kubectl(engine: Engine, infrastructure: StackId, namespace: str) -> None:
    kubeconfig = str(engine.outputs(infrastructure)["kubeconfig"])
    _kubectl(engine, kubeconfig, "delete", "pods", "--all", "--namespace", namespace, "--wait=false")


def _of_lane(lane: Lane, path: str) -> Items:
    try:
        with lane.cluster.api() as api:
            answer = api.request("GET", path)
    except OSError as error:
        raise _unreadable("local", str(error)) from error
    if answer.status != 200:
        raise _unreadable("local", f"{path} returned {answer.status}")
    return answer.json()["items"] or []


def _by_kubectl(engine: Engine, kubeconfig: str, path: str) -> Items:
    return json.loads(_kubectl(engine, kubeconfig, "get", "--raw", path))["items"] or []


def _kubectl(engine: Engine, kubeconfig: str, *arguments: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "kubeconfig"
        file.write_text(kubeconfig, encoding="utf-8")
        done = subprocess.run(
            [str(_KUBECTL), "--kubeconfig", str(file), "--request-timeout", "60s", *arguments],
            env=dict(engine.variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        raise _unreadable(engine.environment, (done.stderr.strip().splitlines() or ["kubectl printed no error"])[-1])
    return done.stdout


def _unreadable(environment: str, why: str) -> PlatformError:
    return PlatformError(
        "cluster-unreadable",
        f"the cluster of {environment} cannot be read, so it is unknown what tenants run: {why}",
        at=f"environment {environment}",
        hint=f"sign in to the account and reach the cluster's API: tiers kubeconfig --stack {environment}",
    )
