"""What an attack does once it is admitted, decided by scheduler, controllers, volume binder and eviction.

Each is tried where its one policy is taken out, and hurts; where the policy holds, and is refused; and as its allowed
twin, which hurts nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from shared.kubernetes_labels import BUDGET_LABEL, TENANT_LABEL
from tests.admission.nodes import (
    POOL,
    STORAGE_CLASS,
    RunningWorld,
    claim,
    condition,
    deployment,
    first_condition,
    node,
    running,
    running_world,
)
from tests.admission.world import OWNER, PLATFORM, Object, altered, without

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("past admission")]

POLICIES = (
    "budgets-drain",
    "claims-volumes",
    "jobs-budget",
    "namespaces-of-tenants",
    "objects-finalizers",
    "pods-affinity",
    "pods-tolerations",
    "workloads-history",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorld]:
    with running_world(tmp_path_factory.mktemp("past-admission"), without=POLICIES) as made:
        for policy in POLICIES:
            made.tenant(without(policy))
        yield made


def admit(world: RunningWorld, body: Object) -> None:
    verdict = world.create(body, OWNER)
    assert verdict.admitted, verdict


def refuse(world: RunningWorld, policy: str, body: Object) -> None:
    """Refused by that policy, once the API server has taken it up."""
    name = f"'tenant-{policy}'"
    world.wait(f"{policy} is enforced", lambda: name in world.create(body, OWNER, dry_run=True).message)
    assert name in world.create(body, OWNER).message
    assert world.get(body) is None


# Row 1 of the attacks: nobody else can be scheduled.


def keeping_off(namespace: str, victim: str) -> Object:
    term: Object = {"topologyKey": "topology.kubernetes.io/region", "labelSelector": {}}
    if victim:
        term["namespaces"] = [victim]
    else:
        term["labelSelector"] = {"matchLabels": {"app": "application"}}
    return deployment(
        namespace, affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    )


def test_anti_affinity_to_another_tenant_keeps_its_pods_pending_where_it_is_admitted(world: RunningWorld) -> None:
    attacker, victim = without("pods-affinity"), world.tenant("kept-off")
    admit(world, keeping_off(attacker, victim))
    world.pods(attacker, "the attacker's pod runs", running)
    admit(world, deployment(victim))
    reason = world.pods(victim, "the scheduler's verdict", lambda pods: first_condition(pods, "PodScheduled"))
    assert reason["status"] == "False"
    assert "anti-affinity" in reason["message"]


def test_anti_affinity_to_another_tenant_is_refused_and_its_pods_run(world: RunningWorld) -> None:
    attacker, victim = world.tenant("keeps-off"), world.tenant("not-kept-off")
    refuse(world, "pods-affinity", keeping_off(attacker, victim))
    admit(world, keeping_off(attacker, ""))
    world.pods(attacker, "the allowed twin runs", running)
    admit(world, deployment(victim))
    world.pods(victim, "the other tenant's pod runs", running)


# Row 2: a volume of others by the old annotation.

_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def volume(name: str, storage_class: str, mode: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "storageClassName": storage_class,
            "accessModes": [mode],
            "capacity": {"storage": "1Gi"},
            "hostPath": {"path": "/volume"},
        },
    }


def offered(world: RunningWorld, *volumes: Object) -> None:
    """A claim that comes before the binder knows them would wait for its next round."""
    world.make(*volumes)
    for one in volumes:
        name = one["metadata"]["name"]
        world.until(f"the binder knows {name}", one, bound(name, "Available"))


def claiming(namespace: str, annotation: str, mode: str) -> Object:
    body = claim(namespace, annotations={_OLD_CLASS: annotation})
    return altered(body, {"metadata.name": f"data-{annotation or 'none'}", "spec.accessModes": [mode]})


def bound(name: str, phase: str) -> Any:
    return lambda found: [
        one for one in found if one["metadata"]["name"] == name and one["status"].get("phase") == phase
    ]


@pytest.mark.parametrize("storage_class", ["io2-db", ""])
def test_a_claim_takes_a_foreign_volume_by_the_old_annotation_where_it_is_admitted(
    world: RunningWorld, storage_class: str
) -> None:
    # The mode alone tells its volumes from those of the tests beside it.
    name = f"taken-{storage_class or 'none'}"
    offered(world, volume(name, storage_class, "ReadWriteMany"))
    body = claiming(without("claims-volumes"), storage_class, "ReadWriteMany")
    admit(world, body)
    world.until("the claim is bound", body, bound(body["metadata"]["name"], "Bound"))
    found = world.get(volume(name, "", ""))
    assert found is not None
    assert found["spec"]["claimRef"]["namespace"] == without("claims-volumes")


@pytest.mark.parametrize("storage_class", ["io2-db", ""])
def test_a_claim_of_a_foreign_volume_by_the_old_annotation_is_refused(world: RunningWorld, storage_class: str) -> None:
    namespace, left = world.tenant(f"claims-{storage_class or 'none'}"), f"left-{storage_class or 'none'}"
    mine = volume(f"mine-{storage_class or 'none'}", STORAGE_CLASS, "ReadOnlyMany")
    offered(world, volume(left, storage_class, "ReadOnlyMany"), mine)
    refuse(world, "claims-volumes", claiming(namespace, storage_class, "ReadOnlyMany"))
    twin = claiming(namespace, STORAGE_CLASS, "ReadOnlyMany")
    admit(world, twin)
    world.until("the allowed twin is bound", twin, bound(twin["metadata"]["name"], "Bound"))
    world.until("the volume is nobody's", mine, bound(left, "Available"))


# Row 3: a claim that nobody can delete.

_SIDECARS = "provisioner.storage.kubernetes.io/cloning-protection"


def test_a_finalizer_of_a_sidecar_keeps_a_namespace_for_ever_where_it_is_admitted(world: RunningWorld) -> None:
    ending = without("objects-finalizers")
    held = claim(ending, finalizers=[_SIDECARS])
    admit(world, held)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ending}}
    assert world.delete(body).admitted
    remaining = world.until(
        "the namespace says what it waits for",
        body,
        lambda found: [
            one
            for space in found
            if space["metadata"]["name"] == ending
            and (one := condition(space, "NamespaceFinalizersRemaining")).get("status") == "True"
            and _SIDECARS in one["message"]
        ],
    )
    assert remaining
    assert world.patch(held, {"metadata": {"finalizers": []}}, PLATFORM).admitted


def test_a_finalizer_of_a_sidecar_is_refused_and_the_namespace_ends(world: RunningWorld) -> None:
    ending = world.tenant("ends")
    refuse(world, "objects-finalizers", claim(ending, finalizers=[_SIDECARS]))
    admit(world, claim(ending, finalizers=["kubernetes.io/pvc-protection"]))
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ending}}
    assert world.delete(body).admitted
    world.until("it is gone", body, lambda found: ending not in [one["metadata"]["name"] for one in found])


# Row 5, and rows 4 and 15 of the public reports: nodes cannot be drained.


def budget(namespace: str, name: str = "application", **spec: object) -> Object:
    asked = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": {BUDGET_LABEL: name}},
        **spec,
    }
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {field: value for field, value in asked.items() if value is not None},
    }


def budgeted(namespace: str, name: str) -> Object:
    body = deployment(namespace, name=name)
    return altered(body, {"spec.template.metadata.labels": {"app": name, BUDGET_LABEL: name}})


def counted(world: RunningWorld, body: Object) -> None:
    """Until the disruption controller has written what it found."""
    name = body["metadata"]["name"]
    world.until(
        f"the budget {name} is counted",
        body,
        lambda found: any(
            one["metadata"]["name"] == name and one.get("status", {}).get("observedGeneration") for one in found
        ),
    )


def its_pod(world: RunningWorld, namespace: str, name: str) -> Object:
    return world.pods(
        namespace,
        f"the pod of {name} runs",
        lambda pods: [pod for pod in running(pods) if pod["metadata"]["labels"].get("app") == name],
    )[0]


def never_ready(world: RunningWorld, pod: Object) -> None:
    conditions = [{"type": "Ready", "status": "False"}, {"type": "ContainersReady", "status": "False"}]
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"], "status": pod["status"]}
    kept = [one for one in pod["status"]["conditions"] if one["type"] not in ("Ready", "ContainersReady")]
    ill = altered(body, {"status.conditions": [*kept, *conditions]})
    assert world.replace(ill, PLATFORM, subresource="/status").admitted


_NEVER_DRAINED: dict[str, tuple[Mapping[str, object], bool]] = {
    "none-in-more-figures": ({"maxUnavailable": "00%"}, False),
    "nothing-said": ({"maxUnavailable": None}, False),
    "never-ready": ({"unhealthyPodEvictionPolicy": None}, True),
    "if-healthy": ({"unhealthyPodEvictionPolicy": "IfHealthyBudget"}, True),
}
"""By name: what differs from a good budget, and whether its pod never gets ready."""


@pytest.mark.parametrize("name", _NEVER_DRAINED)
def test_a_budget_keeps_its_node_from_being_drained_where_it_is_admitted(world: RunningWorld, name: str) -> None:
    namespace, (changes, ill) = without("budgets-drain"), _NEVER_DRAINED[name]
    admit(world, budgeted(namespace, name))
    pod = its_pod(world, namespace, name)
    if ill:
        never_ready(world, pod)
    bad = budget(namespace, name, **changes)
    admit(world, bad)
    counted(world, bad)
    assert world.evict(pod) == 429


@pytest.mark.parametrize("name", _NEVER_DRAINED)
def test_such_a_budget_is_refused_and_the_node_is_drained(world: RunningWorld, name: str) -> None:
    namespace, (changes, ill) = world.tenant(f"drained-{name}"), _NEVER_DRAINED[name]
    admit(world, budgeted(namespace, name))
    pod = its_pod(world, namespace, name)
    if ill:
        never_ready(world, pod)
    refuse(world, "budgets-drain", budget(namespace, name, **changes))
    good = budget(namespace, name)
    admit(world, good)
    counted(world, good)
    assert world.evict(pod) == 201


def test_two_budgets_over_one_pod_let_nobody_evict_it_where_they_are_admitted(world: RunningWorld) -> None:
    namespace = without("budgets-drain")
    admit(world, budgeted(namespace, "twice"))
    pod = its_pod(world, namespace, "twice")
    for name, labels in {"twice": {BUDGET_LABEL: "twice"}, "again": {"app": "twice"}}.items():
        body = budget(namespace, name, selector={"matchLabels": labels})
        admit(world, body)
        counted(world, body)
    assert world.evict(pod) == 500


def test_a_second_budget_over_a_pod_is_refused_and_it_is_evicted(world: RunningWorld) -> None:
    namespace = world.tenant("once")
    admit(world, budgeted(namespace, "twice"))
    pod = its_pod(world, namespace, "twice")
    refuse(world, "budgets-drain", budget(namespace, "again", selector={"matchLabels": {"app": "twice"}}))
    refuse(world, "budgets-drain", budget(namespace, "again", selector={"matchLabels": {BUDGET_LABEL: "twice"}}))
    for name in ("twice", "again"):
        body = budget(namespace, name)
        admit(world, body)
        counted(world, body)
    assert world.evict(pod) == 201


def job(namespace: str, **labels: str) -> Object:
    """Its pod stays pending: there is no such pool."""
    template = deployment(namespace, nodeSelector={POOL: "none"})["spec"]["template"]
    template = altered(template, {"metadata.labels": labels, "spec.restartPolicy": "Never"})
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job", "namespace": namespace},
        "spec": {"template": template},
    }


def evictions(world: RunningWorld, body: Object) -> Object:
    """What the disruption controller says of evictions under a budget."""
    return world.until("the budget is judged", body, lambda found: first_condition(found, "DisruptionAllowed"))


def test_a_budget_over_pods_of_a_job_cannot_be_counted_where_it_is_admitted(world: RunningWorld) -> None:
    namespace = without("jobs-budget")
    admit(world, job(namespace, **{BUDGET_LABEL: "jobs"}))
    world.pods(namespace, "the Job's pod", bool)
    body = budget(namespace, "jobs")
    admit(world, body)
    assert evictions(world, body)["reason"] == "SyncFailed"


def test_a_budget_over_pods_of_a_job_is_refused(world: RunningWorld) -> None:
    namespace = world.tenant("jobs")
    refuse(world, "jobs-budget", job(namespace, **{BUDGET_LABEL: "jobs"}))
    admit(world, job(namespace))
    world.pods(namespace, "the Job's pod", bool)
    body = budget(namespace, "jobs")
    admit(world, body)
    assert evictions(world, body)["reason"] != "SyncFailed"


# Row 6: a cordon is ignored.


def on_a_node_of_its_own(world: RunningWorld, namespace: str, pool: str, *tolerations: Object) -> Object:
    world.make(node(pool, pool))
    body = deployment(
        namespace, nodeSelector={POOL: pool}, tolerations=[{"key": "dedicated", "operator": "Exists"}, *tolerations]
    )
    allowed = {"metadata": {"annotations": {"platform.internal/tolerations": "dedicated"}}}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    assert world.patch(space, allowed, PLATFORM).admitted
    return body


def cordon(world: RunningWorld, name: str) -> None:
    body = node(name)
    assert world.patch(body, {"spec": {"unschedulable": True}}, PLATFORM).admitted
    world.until(
        "the taint of a cordon",
        body,
        lambda found: any(
            taint["key"] == "node.kubernetes.io/unschedulable"
            for one in found
            if one["metadata"]["name"] == name
            for taint in one["spec"].get("taints", [])
        ),
    )


_CORDON = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}


def test_a_pod_comes_back_to_a_cordoned_node_where_its_toleration_is_admitted(world: RunningWorld) -> None:
    namespace = without("pods-tolerations")
    admit(world, on_a_node_of_its_own(world, namespace, "comes-back", _CORDON))
    before = world.pods(namespace, "it runs", running)[0]
    cordon(world, "comes-back")
    assert world.evict(before) == 201
    after = world.pods(
        namespace,
        "another runs",
        lambda pods: [pod for pod in running(pods) if pod["metadata"]["uid"] != before["metadata"]["uid"]],
    )[0]
    assert after["spec"]["nodeName"] == "comes-back"


def test_a_toleration_of_cordons_is_refused_and_the_cordoned_node_stays_empty(world: RunningWorld) -> None:
    namespace = world.tenant("stays-away")
    refuse(world, "pods-tolerations", on_a_node_of_its_own(world, namespace, "stays-empty", _CORDON))
    twin = deployment(namespace, nodeSelector={POOL: "stays-empty"}, tolerations=[{"key": "dedicated"}])
    twin = altered(twin, {"spec.template.spec.tolerations.0.operator": "Exists"})
    world.wait("its own key is tolerated", lambda: world.create(twin, OWNER, dry_run=True).admitted)
    admit(world, twin)
    before = world.pods(namespace, "it runs", running)[0]
    cordon(world, "stays-empty")
    assert world.evict(before) == 201
    reason = world.pods(
        namespace,
        "the scheduler's verdict on the next",
        lambda pods: [
            one
            for pod in pods
            if pod["metadata"]["uid"] != before["metadata"]["uid"] and (one := condition(pod, "PodScheduled"))
        ],
    )[0]
    assert reason["status"] == "False"
    assert "unschedulable" in reason["message"]


# Row 8: the API server's storage is filled.


def patched(world: RunningWorld, body: Object, times: int) -> None:
    """New templates, each of which the controller has seen before the next."""
    for number in range(times):
        change = {"spec": {"template": {"metadata": {"annotations": {"number": str(number)}}}}}
        assert world.patch(body, change, OWNER).admitted
        world.until(
            "the controller has seen it",
            body,
            lambda found: (
                found and found[0].get("status", {}).get("observedGeneration", 0) == found[0]["metadata"]["generation"]
            ),
        )


def revisions(namespace: str) -> Object:
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"namespace": namespace}}


def test_old_revisions_stay_for_ever_where_their_number_is_admitted(world: RunningWorld) -> None:
    namespace = without("workloads-history")
    body = altered(deployment(namespace, replicas=0), {"spec.revisionHistoryLimit": 2_147_483_647})
    admit(world, body)
    patched(world, body, 14)
    world.until("all are kept", revisions(namespace), lambda found: len(found) == 15)


def test_a_long_history_is_refused_and_a_short_one_is_kept_short(world: RunningWorld) -> None:
    namespace = world.tenant("short-history")
    body = altered(deployment(namespace, replicas=0), {"spec.revisionHistoryLimit": 2_147_483_647})
    refuse(world, "workloads-history", body)
    twin = altered(body, {"spec.revisionHistoryLimit": 10})
    admit(world, twin)
    patched(world, twin, 14)
    world.until("the oldest are gone", revisions(namespace), lambda found: len(found) == 11)


# RBAC as the only guard: the namespace itself.


def test_a_namespace_sheds_every_guardrail_with_its_label_where_that_is_admitted(world: RunningWorld) -> None:
    name = without("namespaces-of-tenants")
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "open", "namespace": name},
        "spec": {"type": "NodePort", "ports": [{"port": 80}]},
    }
    refuse(world, "services-types", service)
    assert world.patch(space, {"metadata": {"labels": {TENANT_LABEL: None}}}, OWNER).admitted
    world.wait("nothing is refused any more", lambda: world.create(service, OWNER, dry_run=True).admitted)


def test_a_namespace_keeps_its_label_and_its_guardrails(world: RunningWorld) -> None:
    name = world.tenant("keeps-its-label")
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    verdict = world.patch(space, {"metadata": {"labels": {TENANT_LABEL: None}}}, OWNER)
    assert "'tenant-namespaces-of-tenants'" in verdict.message
    found = world.get(space)
    assert found is not None
    assert found["metadata"]["labels"][TENANT_LABEL] == name
