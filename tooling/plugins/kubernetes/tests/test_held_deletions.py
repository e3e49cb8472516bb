"""What the runner says about an object in a real cluster whose deletion does not end."""

from __future__ import annotations

import queue
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tooling.lane.cluster import Cluster
from tooling.plugins.kubernetes.cluster import Cluster as Api
from tooling.plugins.kubernetes.tests.meddler import Meddler
from tooling.runner.engine import Engine
from tooling.runner.graph import StackId
from tooling.runner.held_deletions import DeletionWatch, held_by
from tooling.runner.messages import Step

STACK = StackId(tier="tenants", project="tenants", stack="dev.a", directory="tenants", environment="dev", tenant="a")
WITHOUT_FINALIZERS = """--type merge --patch '{"metadata":{"finalizers":null}}'"""
PROVIDER = "urn:pulumi:dev.a::tenants::pulumi:providers:kubernetes::kubernetes"


def config_map(namespace: str, *finalizers: str) -> dict[str, Any]:
    metadata = {"name": "held", "namespace": namespace, "finalizers": list(finalizers)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def create(api: Api, manifest: dict[str, Any]) -> None:
    kind = api.kind_of(manifest)
    assert kind is not None
    api.create(api.target(kind, manifest), manifest, manager="test")


def deleted_namespace(api: Api, namespace: str) -> None:
    api.client.request("DELETE", f"/api/v1/namespaces/{namespace}")


def live_namespace(api: Api, namespace: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    kind = api.kind_of(manifest)
    assert kind is not None
    for live in api.follow_one(api.target(kind, manifest), timedelta(seconds=60)):
        if live is not None and until(live):
            return live
    raise AssertionError("the namespace never came there")


def has_condition(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda live: any(
        one["type"] == name and one["status"] == "True" for one in (live.get("status") or {}).get("conditions") or ()
    )


def kubectl(cluster: Cluster, command: str) -> None:
    program = Path(sys.executable).parent / "kubectl"
    subprocess.run(
        [program, "--kubeconfig", cluster.kubeconfig, *shlex.split(command)], check=True, capture_output=True
    )


def gone(api: Api, namespace: str) -> bool:
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    kind = api.kind_of(manifest)
    assert kind is not None
    return any(live is None for live in api.follow_one(api.target(kind, manifest), timedelta(seconds=60)))


def test_what_holds_a_namespace_is_named_by_its_full_resource_and_the_commands_end_it(
    api: Api, cluster: Cluster, namespace: str
) -> None:
    """One namespace for all kinds of objects: the namespace controller retries only every few seconds."""
    protection = "provisioner.storage.kubernetes.io/cloning-protection"
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": namespace, "finalizers": [protection]},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "held", "namespace": namespace, "finalizers": ["example.com/stay"]},
        "spec": {"podSelector": {}},
    }
    for manifest in (config_map(namespace, "example.com/stay"), claim, policy):
        create(api, manifest)
    deleted_namespace(api, namespace)

    held = held_by(api, live_namespace(api, namespace, has_condition("NamespaceFinalizersRemaining")))

    assert held is not None
    of_config_map, of_policy, of_claim = sorted(held.reasons)
    assert of_config_map == "configmaps held has the finalizer example.com/stay"
    assert of_policy == "networkpolicies.networking.k8s.io held has the finalizer example.com/stay"
    # The control plane adds another finalizer to the claim.
    assert of_claim.startswith("persistentvolumeclaims data has the finalizer ")
    assert protection in of_claim
    assert sorted(held.commands) == [
        f"patch configmaps held --namespace {namespace} {WITHOUT_FINALIZERS}",
        f"patch networkpolicies.networking.k8s.io held --namespace {namespace} {WITHOUT_FINALIZERS}",
        f"patch persistentvolumeclaims data --namespace {namespace} {WITHOUT_FINALIZERS}",
    ]
    for command in held.commands:
        kubectl(cluster, command)
    assert gone(api, namespace)


@pytest.mark.parametrize(
    ("condition", "message", "reason", "command"),
    [
        (
            "NamespaceDeletionDiscoveryFailure",
            "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
            "metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1",
            "stale GroupVersion discovery",
            "delete apiservice v1beta1.metrics.k8s.io",
        ),
        (
            "NamespaceDeletionContentFailure",
            "Failed to delete all resource types, 1 remaining: admission webhook denied the request",
            "admission webhook denied the request",
            "",
        ),
    ],
    ids=["API without a backend", "refused"],
)
def test_why_the_namespace_controller_gives_up_is_said(
    api: Api, condition: str, message: str, reason: str, command: str
) -> None:
    # As the controller writes it: a cluster whose API is broken is no place for other tests.
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"},
        "status": {"conditions": [{"type": condition, "status": "True", "message": message}]},
    }

    held = held_by(api, namespace)

    assert held is not None
    assert reason in held.reasons[0]
    assert held.commands == ((command,) if command else ())


def test_nothing_is_said_of_what_is_not_deleted_or_not_held(api: Api, namespace: str) -> None:
    create(api, config_map(namespace, "example.com/stay"))
    assert held_by(api, live_namespace(api, namespace, lambda _: True)) is None


@dataclass(frozen=True, kw_only=True)
class Recorded(Engine):
    """An engine whose record is given."""

    resources: tuple[dict[str, Any], ...] = ()

    def record(self, stack: StackId) -> dict[str, Any]:
        return {"resources": list(self.resources)}


def test_a_deletion_that_lasts_is_reported_while_it_lasts(
    api: Api, meddler: Meddler, namespace: str, kubeconfig_text: str
) -> None:
    urn = "urn:pulumi:dev.a::tenants::kubernetes:core/v1:ConfigMap::held"
    create(api, config_map(namespace, "example.com/stay"))
    resources = (
        {"urn": PROVIDER, "id": "1", "type": "pulumi:providers:kubernetes", "inputs": {"kubeconfig": kubeconfig_text}},
        {
            "urn": urn,
            "id": f"{namespace}/held",
            "type": "kubernetes:core/v1:ConfigMap",
            "provider": f"{PROVIDER}::1",
        },
    )
    engine = Recorded(environment="dev", variables={}, resources=resources)
    said: queue.Queue[tuple[str, str]] = queue.Queue()
    step = Step(
        number=1, phase="started", operation="delete", type="kubernetes:core/v1:ConfigMap", name="held", urn=urn
    )

    with DeletionWatch(engine, STACK, lambda resource, text: said.put((resource, text))) as watch:
        watch.step(step)
        meddler.delete(config_map(namespace))
        resource, text = said.get(timeout=60)

    assert resource == "held"
    assert text.splitlines() == [
        f"warning[deletion-held]: ConfigMap {namespace}/held was deleted and is still there: configmap held has the "
        "finalizer example.com/stay",
        "  at: tenants/dev.a",
        "hint: this run continues by itself once that is gone. If the controller that has to remove a finalizer no "
        "longer runs, remove it:",
        "hint: tiers kubeconfig --stack dev > .local/kubeconfig",
        "hint: kubectl --kubeconfig .local/kubeconfig "
        f"patch configmap held --namespace {namespace} {WITHOUT_FINALIZERS}",
    ]
    meddler.merge(config_map(namespace), {"metadata": {"finalizers": None}})
