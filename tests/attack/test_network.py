"""Pods of a tenant reach their own namespaces, DNS, the internet and AWS endpoints; load balancers reach them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.admission.world import Object
from tests.attack.attempts import Attempt, Ledger
from tests.attack.network import ENDPOINTS, SERVICES, VPC, Connection, Peer, policies_of, run_of, verdicts

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("network verdicts")]

AREA = "Network"
A, B = "tenant-a", "tenant-b"
WEB = Peer(ip="10.0.100.7", namespace=A, labels={"app": "web"})
DATABASE = Peer(ip="10.0.101.8", namespace=A, labels={"app": "database"})
OTHER = Peer(ip="10.0.100.9", namespace=B, labels={"app": "web"})
LIKE_DNS = Peer(ip="10.0.100.10", namespace=B, labels={"k8s-app": "kube-dns"})
LIKE_A = Peer(ip="10.0.100.11", namespace=f"{A}2", labels={"app": "web"})
DNS = Peer(ip="10.0.102.2", namespace="kube-system", labels={"k8s-app": "kube-dns"})
METRICS = Peer(ip="10.0.102.3", namespace="kube-system", labels={"k8s-app": "metrics-server"})
NODE, LOAD_BALANCER = Peer(ip="10.0.100.1"), Peer(ip="10.0.0.20")
INTERNET, INTERNET_6 = Peer(ip="93.184.215.14"), Peer(ip="2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def _to(name: str, destination: Peer, port: int = 443, protocol: str = "TCP") -> Connection:
    return Connection(name=name, source=WEB, destination=destination, port=port, protocol=protocol)


def _from(name: str, source: Peer, port: int) -> Connection:
    return Connection(name=name, source=source, destination=WEB, port=port)


DENIED = (
    _to("another tenant's pod", OTHER, 8080),
    _to("another tenant's pod, by UDP", OTHER, 53, "UDP"),
    _to("a pod of a namespace whose name begins like its own", LIKE_A, 8080),
    _to("another tenant's pod that has the labels of DNS", LIKE_DNS, 53, "UDP"),
    _to("another pod of kube-system", METRICS, 4443),
    _to("another pod of kube-system on the port of DNS", METRICS, 53, "UDP"),
    _to("another port of DNS", DNS, 9153),
    _to("the kubelet of a node", NODE, 10250),
    _to("a port of a node", NODE, 30080),
    _to("instance metadata", Peer(ip="169.254.169.254"), 80),
    _to("instance metadata, by IPv6", Peer(ip="fd00:ec2::254"), 80),
    _to("the Pod Identity agent", Peer(ip="169.254.170.23"), 80),
    _to("the Pod Identity agent, by IPv6", Peer(ip="fd00:ec2::23"), 80),
    _to("another machine in the VPC", Peer(ip="10.0.77.5")),
    _to("a database in the VPC", Peer(ip="10.0.120.5"), 5432),
    _to("a peered network", Peer(ip="10.9.9.9")),
    _to("the API server's Service", Peer(ip="172.20.0.1")),
    _to("a Service of another tenant", Peer(ip="172.20.44.4"), 80),
    _to("a private range", Peer(ip="192.168.1.1")),
    _to("the shared address space", Peer(ip="100.64.0.1")),
    _to("an AWS endpoint on another port", Peer(ip="10.0.200.5"), 8443),
    _to("the internet by IPv6, for which no rule has exceptions", INTERNET_6),
    _from("from another tenant's pod", OTHER, 8080),
    _from("from a pod of a namespace whose name begins alike", LIKE_A, 8080),
    _from("from kube-system", METRICS, 8080),
    _from("from the internet", INTERNET, 8080),
    _from("from another machine in the VPC", Peer(ip="10.0.77.5"), 8080),
    _from("from a load balancer on a port that is not the tenant's", LOAD_BALANCER, 5432),
)
ALLOWED = (
    _to("its own pods", DATABASE, 5432),
    _to("DNS", DNS, 53, "UDP"),
    _to("DNS by TCP", DNS, 53),
    _to("the internet", INTERNET),
    _to("an AWS endpoint", Peer(ip="10.0.200.5")),
    _from("from a load balancer", LOAD_BALANCER, 8080),
    _from("from its own pods", DATABASE, 8080),
)


@pytest.fixture(scope="module")
def policies() -> list[Object]:
    """Those of both tenants."""
    changed = {"vpc_cidr": VPC, "service_cidr": SERVICES, "endpoint_cidrs": [ENDPOINTS]}
    changed["public_subnet_cidrs"] = ["10.0.0.0/24", "10.0.1.0/24"]
    return [policy for name in (A, B) for policy in policies_of(run_of(name, **changed))]


def test_what_is_not_the_tenants_is_neither_reached_nor_reaches_it(policies: list[Object], ledger: Ledger) -> None:
    guarded, open_ = verdicts([(policies, DENIED), ([], DENIED)])
    assert all(one.allowed for one in open_)
    outcomes = []
    for connection, verdict in zip(DENIED, guarded, strict=True):
        attempt = Attempt(
            area=AREA,
            name=connection.name,
            source="MTB 1201; EKS Best Practices, network security; CVE-2020-8554",
            actor="a pod of tenant-a" if connection.source == WEB else "whoever reaches tenant-a's pods",
            proof="allowed without network policies",
            mechanism="network policy",
            control="its own pods, DNS, the internet, AWS endpoints, load balancers",
        )
        answer = " and ".join(side for side in ("egress", "ingress") if not getattr(verdict, side))
        outcomes.append(ledger.record(attempt, "" if verdict.allowed else "network policy", f"denied by {answer}"))
    assert [one for one in outcomes if not one.expected] == []


def test_what_a_tenant_needs_is_reached(policies: list[Object]) -> None:
    (found,) = verdicts([(policies, ALLOWED)])
    assert [one.name for one, verdict in zip(ALLOWED, found, strict=True) if not verdict.allowed] == []


def _rule(policies: list[Object], name: str, direction: str) -> Any:
    (found,) = [one for one in policies if one["metadata"]["name"] == name and one["metadata"]["namespace"] == A]
    return found["spec"][direction][0]


def _widened(name: str, direction: str, change: Callable[[Any], object]) -> Callable[[list[Object]], list[Object]]:
    def mutate(policies: list[Object]) -> list[Object]:
        change(_rule(policies, name, direction))
        return policies

    return mutate


def _without_exception(cidr: str) -> Callable[[list[Object]], list[Object]]:
    return _widened("allow-internet", "egress", lambda rule: rule["to"][0]["ipBlock"]["except"].remove(cidr))


def _everywhere(rule: Any) -> None:
    for peers in (rule.get("to"), rule.get("from")):
        for peer in peers or ():
            if "ipBlock" in peer:
                peer["ipBlock"]["cidr"] = "0.0.0.0/0"


MUTATIONS: dict[str, Callable[[list[Object]], list[Object]]] = {
    "selector of allow-own-namespaces, to pods": _widened(
        "allow-own-namespaces", "egress", lambda rule: rule["to"][0].update(namespaceSelector={})
    ),
    "selector of allow-own-namespaces, from pods": _widened(
        "allow-own-namespaces", "ingress", lambda rule: rule["from"][0].update(namespaceSelector={})
    ),
    "namespace of allow-dns": _widened("allow-dns", "egress", lambda rule: rule["to"][0].update(namespaceSelector={})),
    "pods of allow-dns": _widened("allow-dns", "egress", lambda rule: rule["to"][0].pop("podSelector")),
    "ports of allow-dns": _widened("allow-dns", "egress", lambda rule: rule.pop("ports")),
    "ports of allow-aws-endpoints": _widened("allow-aws-endpoints", "egress", lambda rule: rule.pop("ports")),
    "range of allow-aws-endpoints": _widened("allow-aws-endpoints", "egress", _everywhere),
    "ports of allow-load-balancers": _widened("allow-load-balancers", "ingress", lambda rule: rule.pop("ports")),
    "range of allow-load-balancers": _widened("allow-load-balancers", "ingress", _everywhere),
}


def test_without_any_one_part_of_a_network_policy_an_attack_gets_through(
    policies: list[Object], ledger: Ledger
) -> None:
    exceptions = _rule(policies, "allow-internet", "egress")["to"][0]["ipBlock"]["except"]
    assert len(exceptions) >= 5
    mutations = {
        **MUTATIONS,
        **{f"exception {cidr} of allow-internet": _without_exception(cidr) for cidr in exceptions},
    }
    # Both tenants' policies stand in the way of traffic between them; the neighbour's are taken out as well.
    cases = [(_of_a(mutate(json.loads(json.dumps(policies)))), DENIED) for mutate in mutations.values()]
    for name, found in zip(mutations, verdicts(cases), strict=True):
        through = [one.name for one, verdict in zip(DENIED, found, strict=True) if verdict.allowed]
        ledger.mutated(f"network policies: {name}", through)
        assert through, name


def _of_a(policies: list[Object]) -> list[Object]:
    return [one for one in policies if one["metadata"]["namespace"] == A]


def test_default_deny_alone_denies_everything_before_the_other_policies_exist(
    policies: list[Object], ledger: Ledger
) -> None:
    """They are made in no order, and each of them isolates pods in its own directions only."""
    deny = [one for one in _of_a(policies) if one["metadata"]["name"] == "default-deny"]
    alone, nothing = verdicts([(deny, (*DENIED, *ALLOWED)), ([], DENIED)])
    assert not any(one.allowed for one in alone)
    through = [one.name for one, verdict in zip(DENIED, nothing, strict=True) if verdict.allowed]
    ledger.mutated("network policies: default-deny, before the others exist", through)
    assert len(through) == len(DENIED)


@pytest.mark.parametrize("name", ["allow-own-namespaces", "allow-dns", "allow-internet", "allow-aws-endpoints"])
def test_without_a_policy_that_allows_a_control_fails(policies: list[Object], name: str) -> None:
    rest = [one for one in policies if one["metadata"]["name"] != name]
    (found,) = verdicts([(rest, ALLOWED)])
    assert not all(one.allowed for one in found)


def test_a_vpc_and_services_of_public_addresses_are_no_internet_either(ledger: Ledger) -> None:
    run = run_of(A, vpc_cidr="203.0.0.0/16", service_cidr="198.18.0.0/16")
    denied = (
        _to("a machine in a VPC of public addresses", Peer(ip="203.0.100.7")),
        _to("a Service of a public range", Peer(ip="198.18.0.1")),
    )
    found, control = verdicts([(policies_of(run), denied), (policies_of(run), [_to("the internet", INTERNET)])])
    assert not any(one.allowed for one in found)
    assert control[0].allowed
    for one, verdict in zip(denied, found, strict=True):
        attempt = Attempt(
            area=AREA,
            name=one.name,
            source="EKS user guide, VPC and subnet requirements",
            actor="a pod of tenant-a",
            proof="an address outside the VPC is reached",
            mechanism="network policy",
            control="the internet",
        )
        assert ledger.record(attempt, "" if verdict.allowed else "network policy").expected
