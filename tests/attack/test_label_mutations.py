"""Labels and annotations bind guardrails to a namespace: without one of them, an attack gets through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from shared.kubernetes_labels import (
    HOSTS_ANNOTATION,
    LOAD_BALANCER_SCHEME_ANNOTATION,
    MANAGED_BY_LABEL,
    REGISTRIES_ANNOTATION,
    TENANT_LABEL,
    TOLERATIONS_ANNOTATION,
)
from tests.admission.controls import CONTROLS
from tests.admission.world import OWNER, REPLICA_SETS, TENANT, Actor, Object, World, altered, place_of_attacks, tenant
from tests.attack.attempts import Ledger
from tests.conftest import GuardedCluster

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

_IMAGE = "spec.containers.0.image"
_SCHEME = "metadata.annotations.alb\\.ingress\\.kubernetes\\.io/scheme"
_ENFORCE = "pod-security.kubernetes.io/enforce"

MUTATIONS: Mapping[str, tuple[str, str | None, str, Mapping[str, Any], Actor]] = {
    f"labels {_ENFORCE}": ("labels", None, "pod", {"spec.hostPID": True}, REPLICA_SETS),
    f"labels {TENANT_LABEL}": ("labels", None, "pod", {_IMAGE: "evil.example.com/x:1"}, REPLICA_SETS),
    f"annotations {REGISTRIES_ANNOTATION}": (
        "annotations",
        "evil.example.com",
        "pod",
        {_IMAGE: "evil.example.com/x:1"},
        REPLICA_SETS,
    ),
    f"annotations {HOSTS_ANNOTATION}": (
        "annotations",
        "tenant-b.example.com",
        "ingress",
        {"spec.rules.0.host": "tenant-b.example.com", "spec.tls": None},
        OWNER,
    ),
    f"annotations {TOLERATIONS_ANNOTATION}": (
        "annotations",
        "node.kubernetes.io/unschedulable",
        "pod",
        {"spec.tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]},
        REPLICA_SETS,
    ),
    f"annotations {LOAD_BALANCER_SCHEME_ANNOTATION}": (
        "annotations",
        "internal",
        "ingress",
        {_SCHEME: "internal"},
        OWNER,
    ),
}
"""By label or annotation: its other value, a control, what differs in it, and who sends it."""
PLACES = {name: f"other-metadata-{number}" for number, name in enumerate(MUTATIONS)}


@pytest.fixture(scope="module")
def world(guarded_cluster: GuardedCluster) -> Iterator[World]:
    """The tenant's namespace, once for each label or annotation that differs."""
    made = guarded_cluster.world
    (space,) = [body for body in tenant() if body["kind"] == "Namespace"]
    for name, (where, value, *_) in MUTATIONS.items():
        key = name.partition(" ")[2].replace(".", "\\.")
        assert name.partition(" ")[2] in space["metadata"][where]
        bodies = place_of_attacks(altered(space, {"metadata.name": PLACES[name]}))
        # After the helper, which gives a tenant the load balancer of the controls.
        made.make(altered(bodies[0], {f"metadata.{where}.{key}": value}), *bodies[1:])
    yield made
    for place in PLACES.values():
        made.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}})


@pytest.mark.parametrize("name", MUTATIONS)
def test_with_another_label_or_annotation_of_the_namespace_an_attack_gets_through(
    world: World, ledger: Ledger, name: str
) -> None:
    _, _, of, changes, actor = MUTATIONS[name]
    body = altered(CONTROLS[of], changes)
    elsewhere = altered(body, {"metadata.namespace": PLACES[name]})
    assert not world.create(body, actor, dry_run=True).admitted
    verdict = world.create(elsewhere, actor, dry_run=True)
    ledger.mutated(f"namespace's {name}", [f"{of}: {', '.join(changes)}"] if verdict.admitted else [])
    assert verdict.admitted, verdict


@pytest.mark.parametrize("kind", ["NetworkPolicy", "RoleBinding", "Role", "ServiceAccount"])
def test_without_the_platforms_label_a_guardrail_is_deleted(world: World, ledger: Ledger, kind: str) -> None:
    found: Object = next(
        body for body in tenant() if body["kind"] == kind and body["metadata"]["labels"].get(MANAGED_BY_LABEL)
    )
    labelled = altered(found, {"metadata.name": "labelled", "metadata.namespace": TENANT})
    plain = altered(labelled, {"metadata.name": "plain", "metadata.labels": {}})
    world.make(labelled, plain)
    refused, deleted = (world.delete(body, OWNER, dry_run=True) for body in (labelled, plain))
    world.delete(labelled)
    world.delete(plain)
    ledger.mutated(f"label {MANAGED_BY_LABEL} of a {kind}", [f"delete the {kind}"] if deleted.admitted else [])
    assert "'tenant-objects-of-the-platform'" in refused.message
    assert deleted.admitted
