"""Every violation of the Pod Security level `restricted` that Kubernetes knows, as a pod and through a Deployment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.admission.world import OWNER, REPLICA_SETS, TENANT, UNGUARDED, World, altered, place_of_attacks, tenant
from tests.attack.admission import OWNER_NAME, actor_named
from tests.attack.attempts import Attempt, Ledger, mechanism_of
from tests.attack.pod_security import fixtures
from tests.conftest import GuardedCluster

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

AREA = "Pod Security"
_SOURCE = "Pod Security Standards, fixtures of k8s.io/pod-security-admission"
PLACE = "templates-of-attacks"
"""Labelled as the tenant's namespace, without its quota, which has too few Deployments for all fixtures at once."""


@pytest.fixture
def world(guarded_cluster: GuardedCluster) -> World:
    return guarded_cluster.world


@pytest.fixture
def place(world: World) -> Iterator[str]:
    (space,) = [body for body in tenant() if body["kind"] == "Namespace"]
    copy = altered(space, {"metadata.name": PLACE})
    world.make(*place_of_attacks(copy))
    yield PLACE
    assert world.delete(copy).admitted


def pod(fixture: dict[str, Any], namespace: str) -> dict[str, Any]:
    return altered(fixture, {"metadata.namespace": namespace})


def test_every_failing_fixture_is_refused_as_a_pod(world: World, ledger: Ledger) -> None:
    outcomes = []
    for name, fixture in fixtures("fail").items():
        assert world.create(pod(fixture, UNGUARDED), REPLICA_SETS, dry_run=True).admitted, name
        verdict = world.create(pod(fixture, TENANT), REPLICA_SETS, dry_run=True)
        outcomes.append(_recorded(ledger, name, actor_named(REPLICA_SETS), verdict.status, verdict.message))
    assert len(outcomes) > 70
    assert [one for one in outcomes if not one.expected] == []


def _recorded(ledger: Ledger, name: str, actor: str, status: int, message: str) -> Any:
    attempt = Attempt(
        area=AREA,
        name=name,
        source=_SOURCE,
        actor=actor,
        proof="admitted in a namespace without guardrails",
        mechanism="Pod Security restricted",
        control="the fixtures that pass",
    )
    return ledger.record(attempt, mechanism_of(status, message), message)


def test_the_passing_fixtures_are_admitted_but_for_what_admission_policies_refuse(world: World) -> None:
    found = {}
    for name, fixture in fixtures("pass").items():
        verdict = world.create(pod(fixture, TENANT), REPLICA_SETS, dry_run=True)
        found[name] = mechanism_of(verdict.status, verdict.message)
    assert len(found) > 20
    assert {name: by for name, by in found.items() if by} == {}


def test_no_failing_fixture_becomes_a_pod_through_a_deployment(world: World, ledger: Ledger, place: str) -> None:
    """Pod Security only warns of a template; what a controller makes of it is refused."""
    refused_at_once, stored = {}, {}
    for name, fixture in fixtures("fail").items():
        body = _deployment(fixture, place)
        verdict = world.create(body, OWNER)
        if verdict.admitted:
            stored[body["metadata"]["name"]] = body
        else:
            refused_at_once[name] = mechanism_of(verdict.status, verdict.message)
    assert refused_at_once == {}
    kind = next(iter(stored.values()))
    messages: dict[str, str] = {}

    def all_failed() -> bool:
        messages.update(
            {
                found["metadata"]["name"]: condition["message"]
                for found in world.list(kind)
                for condition in found.get("status", {}).get("conditions", [])
                if condition["type"] == "ReplicaFailure"
            }
        )
        return messages.keys() >= stored.keys()

    world.wait("every Deployment reports why it has no pod", all_failed)
    outcomes = [_recorded(ledger, name, f"{OWNER_NAME}, through a Deployment", 403, messages[name]) for name in stored]
    assert [one for one in outcomes if not one.expected] == []
    assert world.list({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": place}}) == []


def _deployment(fixture: dict[str, Any], namespace: str) -> dict[str, Any]:
    name = fixture["metadata"]["name"]
    labels = {"app": name}
    annotations = fixture["metadata"].get("annotations", {})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": fixture["spec"]},
        },
    }
