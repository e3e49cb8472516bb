"""A tenant's network policies, as the API server would get them."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from shared.contracts import Infrastructure
from shared.testing import Run, contract_outputs, every_contract

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def specs(run: Run, namespace: str) -> dict[str, Any]:
    return {
        policy.inputs["metadata"]["name"]: policy.inputs["spec"]
        for policy in run.registered(POLICY)
        if policy.inputs["metadata"]["namespace"] == namespace
    }


def upstream(**changed: Any) -> Callable[[str], Any]:
    def stacks(reference: str) -> Any:
        if "/infrastructure/" in reference:
            return contract_outputs(Infrastructure, **changed)
        return every_contract(reference)

    return stacks


def internet(run: Run) -> dict[str, Any]:
    (rule,) = specs(run, "shop")["allow-internet"]["egress"]
    (peer,) = rule["to"]
    assert "ports" not in rule
    return peer["ipBlock"]


def reached(block: dict[str, Any], address: str) -> bool:
    return IPv4Address(address) in IPv4Network(block["cidr"]) and not any(
        IPv4Address(address) in IPv4Network(cidr) for cidr in block["except"]
    )


def test_these_policies_and_no_other_stand_in_a_namespace(tenant_a: Run) -> None:
    assert set(specs(tenant_a, "tenant-a")) == {
        "default-deny",
        "allow-own-namespaces",
        "allow-dns",
        "allow-internet",
        "allow-aws-endpoints",
        "allow-load-balancers",
    }


def test_every_policy_covers_every_pod(tenant_a: Run) -> None:
    assert [spec["podSelector"] for spec in specs(tenant_a, "tenant-a").values()] == [{}] * 6


def test_what_is_not_allowed_is_denied_both_ways(tenant_a: Run) -> None:
    deny = specs(tenant_a, "tenant-a")["default-deny"]
    assert deny["policyTypes"] == ["Ingress", "Egress"]
    assert not deny.get("ingress")
    assert not deny.get("egress")


def test_pods_of_the_tenants_namespaces_talk_to_each_other_and_to_no_look_alike(
    run_tenant: Callable[..., Run],
) -> None:
    run = run_tenant({"namespaces": ["shop", "shop-batch"]})
    peer = {
        "namespaceSelector": {
            "matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop", "shop-batch"]}
            ]
        }
    }
    for namespace in ("shop", "shop-batch"):
        spec = specs(run, namespace)["allow-own-namespaces"]
        assert spec["ingress"] == [{"from": [peer]}]
        assert spec["egress"] == [{"to": [peer]}]
        assert spec["policyTypes"] == ["Ingress", "Egress"]


def test_dns_goes_to_the_clusters_dns_pods_on_port_53_only(tenant_a: Run) -> None:
    spec = specs(tenant_a, "tenant-a")["allow-dns"]
    assert spec["policyTypes"] == ["Egress"]
    assert spec["egress"] == [
        {
            "to": [
                {
                    "namespaceSelector": {
                        "matchExpressions": [
                            {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["kube-system"]}
                        ]
                    },
                    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                }
            ],
            "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
        }
    ]


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.23",
        "10.0.100.7",
        "10.9.9.9",
        "172.20.0.1",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
    ],
    ids=["metadata", "pod-identity-agent", "pod", "peered-network", "service", "private-b", "private-c", "shared"],
)
def test_the_internet_does_not_hold_what_is_not_public(run_tenant: Callable[..., Run], address: str) -> None:
    block = internet(run_tenant({}))
    assert not reached(block, address)
    assert reached(block, "93.184.216.34")


def test_a_vpc_of_public_addresses_is_no_internet_either(run_tenant: Callable[..., Run]) -> None:
    run = run_tenant({}, upstream=upstream(vpc_cidr="203.0.0.0/16", service_cidr="198.18.0.0/16"))
    block = internet(run)
    assert not reached(block, "203.0.100.7")
    assert not reached(block, "198.18.0.1")
    assert reached(block, "203.1.0.1")


def test_no_two_exceptions_overlap(run_tenant: Callable[..., Run]) -> None:
    ranges = [IPv4Network(cidr) for cidr in internet(run_tenant({}))["except"]]
    assert len(ranges) == 5
    assert not any(a.overlaps(b) for index, a in enumerate(ranges) for b in ranges[index + 1 :])


def test_interface_endpoints_are_reached_by_https_where_there_are_any(run_tenant: Callable[..., Run]) -> None:
    assert not specs(run_tenant({}), "shop")["allow-aws-endpoints"].get("egress")
    run = run_tenant({}, upstream=upstream(endpoint_cidrs=["10.0.200.0/28", "10.0.200.16/28"]))
    assert specs(run, "shop")["allow-aws-endpoints"]["egress"] == [
        {"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"port": 443, "protocol": "TCP"}]}
        for cidr in ("10.0.200.0/28", "10.0.200.16/28")
    ]


def test_load_balancers_reach_the_web_ports_from_the_public_subnets(run_tenant: Callable[..., Run]) -> None:
    spec = specs(run_tenant({"web_ports": [8080, 9000]}), "shop")["allow-load-balancers"]
    assert spec["policyTypes"] == ["Ingress"]
    assert spec["ingress"] == [
        {
            "from": [{"ipBlock": {"cidr": cidr}}],
            "ports": [{"port": 8080, "protocol": "TCP"}, {"port": 9000, "protocol": "TCP"}],
        }
        for cidr in ("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")
    ]


def test_an_internal_load_balancer_reaches_them_from_the_private_subnets(run_tenant: Callable[..., Run]) -> None:
    """The scheme `internal` was allowed, and the policy admitted the public subnets alone: nothing arrived."""
    spec = specs(run_tenant({"load_balancer_scheme": "internal"}), "shop")["allow-load-balancers"]
    assert [rule["from"] for rule in spec["ingress"]] == [
        [{"ipBlock": {"cidr": cidr}}] for cidr in ("10.0.100.0/24", "10.0.101.0/24", "10.0.102.0/24")
    ]


def test_no_rule_names_one_range_twice(tenant_a: Run) -> None:
    ranges = [
        peer["ipBlock"]["cidr"]
        for spec in specs(tenant_a, "tenant-a").values()
        for direction, peers in (("ingress", "from"), ("egress", "to"))
        for rule in spec.get(direction) or list[dict[str, Any]]()
        for peer in rule[peers]
        if "ipBlock" in peer
    ]
    assert len(ranges) == len(set(ranges)) == 4
