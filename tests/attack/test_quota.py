"""Every row of a tenant's quota and limits is exceeded alone, and races do not get past the number.

The namespaces of most tests have the tenant's quota and no other guardrail, so that nothing else refuses. Amounts that
are counted over several objects are set to nothing there: one more object is then one too many.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.admission.controls import CONTROLS
from tests.admission.world import (
    NEIGHBOUR,
    OWNER,
    UNGUARDED,
    Object,
    World,
    altered,
    namespace,
    path,
    place_of_attacks,
    tenant,
)
from tests.attack.admission import OWNER_NAME
from tests.attack.attempts import Attempt, Ledger, mechanism_of
from tests.attack.sign_in import SignedIn
from tests.conftest import GuardedCluster

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

AREA = "Quota and limits"
_SOURCE = "MTB-PL1-CC-FNS-1, MTB-PL1-CC-FNS-2; Kubernetes, Resource Quotas"
METERED, LIMITED = "metered", "limited"

_CONTAINER = "spec.containers.0.resources"
_WHOLE = {"cpu": "10m", "memory": "16Mi", "ephemeral-storage": "16Mi"}
POD = altered(CONTROLS["pod"], {_CONTAINER: {"requests": _WHOLE, "limits": _WHOLE}})

OBJECTS: Mapping[str, Object] = {
    "configmaps": CONTROLS["configmap"],
    "secrets": CONTROLS["secret"],
    "services": CONTROLS["service"],
    "persistentvolumeclaims": CONTROLS["claim"],
    "count/deployments.apps": CONTROLS["deployment"],
    "count/statefulsets.apps": CONTROLS["statefulset"],
    "count/jobs.batch": CONTROLS["job"],
    "count/cronjobs.batch": CONTROLS["cronjob"],
    "count/ingresses.networking.k8s.io": CONTROLS["ingress"],
    "count/horizontalpodautoscalers.autoscaling": CONTROLS["autoscaler"],
    "count/poddisruptionbudgets.policy": CONTROLS["budget"],
    "count/replicasets.apps": altered(CONTROLS["deployment"], {"kind": "ReplicaSet"}),
    "count/controllerrevisions.apps": altered(
        CONTROLS["configmap"], {"apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 1}
    ),
    "count/networkpolicies.networking.k8s.io": CONTROLS["networkpolicy"],
    "count/rolebindings.rbac.authorization.k8s.io": CONTROLS["rolebinding"],
    "count/roles.rbac.authorization.k8s.io": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "control"},
        "rules": [],
    },
    "count/resourceclaims.resource.k8s.io": {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "control"},
        "spec": {},
    },
    "count/resourceclaimtemplates.resource.k8s.io": {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "control"},
        "spec": {"spec": {}},
    },
}
"""One object of each kind that the quota counts, by row."""

ELSEWHERE: Mapping[str, Object] = {
    "pods": POD,
    "count/pods": POD,
    **{f"{side}.{name}": POD for side in ("requests", "limits") for name in _WHOLE},
}
"""Rows that a pod counts against beside others: each has a namespace in which it alone has nothing left."""

MORE: Mapping[str, Object] = {
    "requests.storage": altered(CONTROLS["claim"], {"spec.resources.requests.storage": "100Ti"}),
    "services.nodeports": altered(CONTROLS["service"], {"spec.type": "NodePort"}),
    "services.loadbalancers": altered(CONTROLS["service"], {"spec.type": "LoadBalancer"}),
}
"""More than there is, in one object."""


@functools.cache
def guardrails() -> list[Object]:
    """What the tenant's program puts into its namespace. Not to be changed."""
    return tenant()


def quotas(name: str) -> Object:
    (found,) = [body for body in guardrails() if body["kind"] == "ResourceQuota" and body["metadata"]["name"] == name]
    return found


def hard() -> dict[str, str]:
    return quotas("quota")["spec"]["hard"]


def extended() -> dict[str, Object]:
    """Rows of devices and huge pages that the tenant's file does not name, with a pod that requests one."""
    found = {}
    for row in hard():
        name = row.removeprefix("requests.")
        if ("/" in name and not row.startswith("count/")) or name.startswith("hugepages-"):
            amount = name.removeprefix("hugepages-") if name.startswith("hugepages-") else "1"
            wanted = {**_WHOLE, name: amount}
            found[row] = altered(POD, {_CONTAINER: {"requests": wanted, "limits": wanted}})
    return found


def emptied(quota: Object, place: str, *rows: str) -> Object:
    changed = {**quota["spec"]["hard"], **dict.fromkeys(rows, "0")}
    return altered(quota, {"metadata.namespace": place, "metadata.labels": {}, "spec.hard": changed})


def place_of(row: str) -> str:
    return f"metered-{re.sub('[^a-z]', '-', row)}"


@pytest.fixture(scope="module")
def metered(guarded_cluster: GuardedCluster) -> Iterator[World]:
    """The namespaces, once the quota controller has counted what is in them."""
    world = guarded_cluster.world
    limits = next(body for body in guardrails() if body["kind"] == "LimitRange")
    counted = [emptied(quotas("quota"), METERED, *OBJECTS)]
    counted += [emptied(quotas("quota"), place_of(row), row) for row in ELSEWHERE]
    counted += [altered(quotas("cross-namespace-affinity"), {"metadata.namespace": METERED, "metadata.labels": {}})]
    places = [METERED, LIMITED, *(place_of(row) for row in ELSEWHERE)]
    for place in places:
        world.make(*place_of_attacks(namespace(place, labelled=False)))
    world.make(*counted, altered(limits, {"metadata.namespace": LIMITED, "metadata.labels": {}}))
    for quota in counted:
        world.wait(f"the quota of {quota['metadata']['namespace']}", lambda quota=quota: _counted(world, quota))
    yield world
    for place in places:
        world.delete(namespace(place, labelled=False))


def _counted(world: World, quota: Object) -> bool:
    found = world.get(quota)
    return found is not None and found["status"].get("hard") == found["spec"]["hard"] and "used" in found["status"]


ROWS = {
    **dict.fromkeys(OBJECTS, METERED),
    **{row: place_of(row) for row in ELSEWHERE},
    # Where a claim and a Service still count.
    **dict.fromkeys(MORE, place_of("pods")),
}


def test_every_row_of_the_quota_has_an_attack() -> None:
    assert set(hard()) == {*ROWS, *extended()}


def test_each_row_alone_refuses_what_exceeds_it(metered: World, ledger: Ledger) -> None:
    outcomes = []
    for row, body in {**OBJECTS, **ELSEWHERE, **MORE, **extended()}.items():
        tried = altered(body, {"metadata.namespace": ROWS.get(row, METERED)})
        hostile = metered.create(altered(body, {"metadata.namespace": UNGUARDED}), OWNER, dry_run=True)
        assert hostile.admitted, (row, hostile)
        verdict = metered.create(tried, OWNER, dry_run=True)
        outcomes.append(_recorded(ledger, f"more than {row}", "quota quota", verdict.status, verdict.message))
        (requested,) = re.findall(r"requested: (\S+?), used:", verdict.message) or [verdict.message]
        assert requested.partition("=")[0] == row, verdict
        # Nothing else refuses it: without the row it is admitted.
        ledger.mutated(f"quota row {row}", [f"more than {row}"])
    assert [one for one in outcomes if not one.expected] == []


def _recorded(ledger: Ledger, name: str, mechanism: str, status: int, message: str) -> Any:
    attempt = Attempt(
        area=AREA,
        name=name,
        source=_SOURCE,
        actor=OWNER_NAME,
        proof="admitted in a namespace without guardrails",
        mechanism=mechanism,
        control="the same within the quota and limits",
    )
    return ledger.record(attempt, mechanism_of(status, message), message)


def test_affinity_to_pods_of_other_namespaces_has_a_quota_of_nothing(metered: World, ledger: Ledger) -> None:
    term = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {}, "namespaces": [NEIGHBOUR]}
    body = altered(
        POD, {"spec.affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}
    )
    assert metered.create(altered(body, {"metadata.namespace": UNGUARDED}), OWNER, dry_run=True).admitted
    verdict = metered.create(altered(body, {"metadata.namespace": METERED}), OWNER, dry_run=True)
    name = "keep another tenant's pods off"
    assert _recorded(ledger, name, "quota cross-namespace-affinity", verdict.status, verdict.message).expected
    ledger.mutated("quota cross-namespace-affinity", [name])
    assert metered.create(altered(POD, {"metadata.namespace": METERED}), OWNER, dry_run=True).admitted


def _limit_attacks() -> dict[str, tuple[Object, str]]:
    (container,) = [
        item
        for body in guardrails()
        if body["kind"] == "LimitRange"
        for item in body["spec"]["limits"]
        if item["type"] == "Container"
    ]
    found: dict[str, tuple[Object, str]] = {}
    for name in _WHOLE:
        above = {**_WHOLE, name: "1000Gi" if name != "cpu" else "1000"}
        below = {**_WHOLE, name: "0"}
        assert {name} <= container["max"].keys() & container["min"].keys()
        found[f"maximum {name}"] = (
            altered(POD, {_CONTAINER: {"requests": _WHOLE, "limits": above}}),
            f"maximum {name} usage per Container",
        )
        found[f"minimum {name}"] = (
            altered(POD, {_CONTAINER: {"requests": below, "limits": below}}),
            f"minimum {name} usage per Container",
        )
    found["minimum size of a claim"] = (
        altered(CONTROLS["claim"], {"spec.resources.requests.storage": "1"}),
        "minimum storage usage per PersistentVolumeClaim",
    )
    return found


def test_each_limit_alone_refuses_what_is_beyond_it(metered: World, ledger: Ledger) -> None:
    for name, (body, says) in _limit_attacks().items():
        assert metered.create(altered(body, {"metadata.namespace": UNGUARDED}), OWNER, dry_run=True).admitted
        verdict = metered.create(altered(body, {"metadata.namespace": LIMITED}), OWNER, dry_run=True)
        assert _recorded(ledger, f"beyond the {name}", "limits", verdict.status, verdict.message).expected
        assert says in verdict.message
        ledger.mutated(f"limit {name}", [f"beyond the {name}"])


def test_many_at_once_get_no_more_than_the_quota(
    guarded_cluster: GuardedCluster, attackers: SignedIn, ledger: Ledger
) -> None:
    """As the tenant's deployer, signed in, on eight connections."""
    world, deployer = guarded_cluster.world, attackers.callers["tenant-a's role deployer"]
    body = altered(CONTROLS["cronjob"], {"spec.suspend": True})
    before = len(world.list(body))
    room = int(hard()["count/cronjobs.batch"]) - before
    bodies = [altered(body, {"metadata.name": f"racing-{number}"}) for number in range(5 * room)]
    where = path(body).rpartition("/")[0]
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda one: deployer.request("POST", where, one), bodies))
        made = [answer for answer in answers if answer.status == 201]
        refused = [answer for answer in answers if answer.status != 201]
        assert len(made) == room
        assert len(world.list(body)) == before + room
        for number, answer in enumerate(refused):
            message = answer.json()["message"]
            attempt = Attempt(
                area=AREA,
                name=f"CronJob {number + 1} too many, of {len(bodies)} at once",
                source="Kubernetes 67806 and others, races of the quota",
                actor="tenant-a's role deployer",
                proof=f"the first {room} of the same are admitted",
                mechanism="quota quota",
                control=f"{room} CronJobs",
            )
            assert ledger.record(attempt, mechanism_of(answer.status, message), message).expected
    finally:
        for one in bodies:
            world.delete(one, OWNER)


def test_a_deployment_gets_no_more_pods_than_the_quota(guarded_cluster: GuardedCluster, ledger: Ledger) -> None:
    """The ReplicaSet controller makes pods in growing bursts, side by side."""
    world = guarded_cluster.world
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": NEIGHBOUR}}
    found = world.get(quota)
    assert found is not None
    most = int(found["spec"]["hard"]["pods"])
    body = altered(
        CONTROLS["deployment"],
        {
            "metadata.namespace": NEIGHBOUR,
            "metadata.name": "many",
            "spec.replicas": 3 * most,
            # Whatever takes no processor is counted by number alone.
            f"spec.template.{_CONTAINER}": {
                "requests": {"cpu": "1m", "memory": "1Mi", "ephemeral-storage": "1Mi"},
                "limits": {"cpu": "1m", "memory": "1Mi", "ephemeral-storage": "1Mi"},
            },
        },
    )
    world.make(body)
    message = ""

    def failed() -> bool:
        nonlocal message
        status = (world.get(body) or {}).get("status", {})
        message = next((one["message"] for one in status.get("conditions", []) if one["type"] == "ReplicaFailure"), "")
        return bool(message)

    world.wait("the Deployment reports why it has no more pods", failed)
    pods = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": NEIGHBOUR}}
    world.wait("as many pods as the quota allows", lambda: len(world.list(pods)) >= most)
    assert len(world.list(pods)) == most
    outcome = _recorded(ledger, f"{3 * most} pods of one Deployment", "quota quota", 403, message)
    assert world.delete(body).admitted
    assert outcome.expected
