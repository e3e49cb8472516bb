"""The 18 Multi-Tenancy Benchmarks of kubernetes-sigs, each with an object that is right but for one field.

The benchmarks' own probes break several rules at once, so that one which is not enforced passes for another's sake.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.admission.controls import CONTROLS
from tests.admission.world import OWNER, TENANT
from tests.attack.attempts import Ledger
from tests.attack.cases import Case, attack
from tests.attack.requests import REQUESTS
from tests.conftest import GuardedCluster

pytestmark = [pytest.mark.lane, pytest.mark.xdist_group("admission policies")]

AREA = "Multi-Tenancy Benchmarks"
_RESTRICTED = "Pod Security restricted"
_CONTEXT = "spec.containers.0.securityContext"


def _pod(number: str, name: str, changes: dict[str, Any]) -> Case:
    return Case(area=AREA, name=name, source=f"MTB-PL1-BC-{number}", changes=changes, mechanism=_RESTRICTED)


CASES = (
    _pod("CPI-3", "add a capability", {f"{_CONTEXT}.capabilities": {"drop": ["ALL"], "add": ["NET_RAW"]}}),
    _pod("CPI-4", "run as root", {"spec.securityContext.runAsNonRoot": False, "spec.securityContext.runAsUser": 0}),
    _pod(
        "CPI-5",
        "a privileged container",
        {f"{_CONTEXT}.privileged": True, f"{_CONTEXT}.allowPrivilegeEscalation": None},
    ),
    _pod("CPI-6", "escalate privileges", {f"{_CONTEXT}.allowPrivilegeEscalation": True}),
    _pod("HI-1", "mount a path of the node", {"spec.volumes": [{"name": "root", "hostPath": {"path": "/"}}]}),
    _pod("HI-3", "the node's network", {"spec.hostNetwork": True}),
    _pod("HI-3", "a port of the node", {"spec.containers.0.ports": [{"containerPort": 80, "hostPort": 80}]}),
    _pod("HI-4", "the node's processes", {"spec.hostPID": True}),
    _pod("HI-5", "the node's shared memory", {"spec.hostIPC": True}),
    Case(
        area=AREA,
        name="a NodePort",
        source="MTB-PL1-BC-HI-1, NodePort services",
        of="service",
        changes={"spec.type": "NodePort"},
        mechanism="admission policy tenant-services-types",
    ),
    Case(
        area=AREA,
        name="another tenant's image, if a node has it",
        source="MTB, require imagePullPolicy Always",
        changes={
            "spec.containers.0.image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-b/x:1",
            "spec.containers.0.imagePullPolicy": "IfNotPresent",
        },
        mechanism="admission policy tenant-pods-images",
    ),
    Case(
        area=AREA,
        name="more storage than the quota has",
        source="MTB-PL1-CC-FNS-1",
        of="claim",
        changes={"spec.resources.requests.storage": "100Ti"},
        mechanism="quota quota",
    ),
    Case(
        area=AREA,
        name="an object of a kind of which the quota has none",
        source="MTB-PL1-CC-FNS-2",
        body={
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaimTemplate",
            "metadata": {"name": "x"},
            "spec": {"spec": {}},
        },
        mechanism="quota quota",
    ),
    Case(
        area=AREA,
        name="bind everybody, where a tenant may bind",
        source="MTB-PL2-BC-OPS-3",
        of="rolebinding",
        changes={
            "subjects": [{"kind": "Group", "name": "system:authenticated", "apiGroup": "rbac.authorization.k8s.io"}]
        },
        mechanism="admission policy tenant-role-bindings-inside",
    ),
    Case(
        area=AREA,
        name="open the namespace, where a tenant may write network policies",
        source="MTB-PL2-BC-OPS-4",
        of="networkpolicy",
        changes={"spec.ingress": [{}]},
        mechanism="admission policy tenant-network-policies-inside",
    ),
)
ELSEWHERE = {
    "MTB CPI-1": "access to the cluster's resources",
    "MTB CPI-2": "changes of what the platform put into the namespace",
    "MTB TI-1": "changes of quotas",
    "MTB TI-2": "access to other tenants' resources",
}
"""Benchmarks that are requests of `requests.py`, and tried by everybody who signs in."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source}: {case.name}")
def test_a_benchmark_is_met_by_the_mechanism_that_is_for_it(
    guarded_cluster: GuardedCluster, ledger: Ledger, case: Case
) -> None:
    assert attack(guarded_cluster.world, ledger, case).expected


@pytest.mark.parametrize("number", ELSEWHERE)
def test_the_other_benchmarks_are_requests_of_everybody_who_signs_in(number: str) -> None:
    assert [request for request in REQUESTS if request.source == number]


def test_all_eighteen_are_tried() -> None:
    tried = {case.source for case in CASES} | ELSEWHERE.keys()
    # Both self-service benchmarks are met below, too.
    assert len(tried) == 18


@pytest.mark.parametrize("kind", ["networkpolicy", "rolebinding"])
def test_self_service_inside_the_namespace_is_what_the_policies_allow(
    guarded_cluster: GuardedCluster, kind: str
) -> None:
    assert CONTROLS[kind]["metadata"]["namespace"] == TENANT
    assert guarded_cluster.world.create(CONTROLS[kind], OWNER, dry_run=True).admitted
