"""The plan of addresses, by value and as a rule over all ranges and zones that settings allow."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.testing import load_module

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def plan() -> ModuleType:
    return load_module(PROJECT, "address_plan")


def ranges(plan: ModuleType, vpc_cidr: str, zones: int, pod_cidr: str = "") -> list[IPv4Network]:
    layouts = plan.zone_layouts(vpc_cidr, [f"zone-{number}" for number in range(zones)], pod_cidr)
    names = ("public_cidr", "private_cidr", "endpoint_cidr", "pod_cidr")
    return [IPv4Network(cidr) for layout in layouts for name in names if (cidr := getattr(layout, name)) is not None]


@pytest.mark.parametrize(
    ("vpc_cidr", "public", "private", "endpoint"),
    [
        ("10.0.0.0/16", "10.0.1.0/24", "10.0.101.0/24", "10.0.255.160/27"),
        ("10.64.0.0/18", "10.64.1.0/24", "10.64.26.0/24", "10.64.63.160/27"),
        ("10.64.0.0/20", "10.64.1.0/24", "10.64.7.0/24", "10.64.15.160/27"),
        ("192.168.4.0/23", "192.168.4.32/27", "192.168.4.224/27", "192.168.5.160/27"),
    ],
)
def test_the_second_zones_ranges(plan: ModuleType, vpc_cidr: str, public: str, private: str, endpoint: str) -> None:
    second = plan.zone_layouts(vpc_cidr, ["one", "two"])[1]
    assert (second.zone, second.public_cidr, second.private_cidr, second.endpoint_cidr, second.pod_cidr) == (
        "two",
        public,
        private,
        endpoint,
        None,
    )


def test_the_second_range_is_shared_among_four_zones(plan: ModuleType) -> None:
    layouts = plan.zone_layouts("10.0.0.0/16", ["one", "two", "three"], "100.64.0.0/16")
    assert [layout.pod_cidr for layout in layouts] == ["100.64.0.0/18", "100.64.64.0/18", "100.64.128.0/18"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(prefix=st.integers(16, 23), zones=st.integers(2, 4), number=st.integers(0, 127))
def test_no_two_subnets_overlap_and_all_lie_in_the_vpc(plan: ModuleType, prefix: int, zones: int, number: int) -> None:
    vpc = IPv4Network((int(IPv4Network("10.0.0.0/8").network_address) + number * 2 ** (32 - prefix), prefix))
    found = ranges(plan, str(vpc), zones)
    assert len(found) == 3 * zones
    assert all(subnet.subnet_of(vpc) for subnet in found)
    assert not [pair for pair in combinations(found, 2) if pair[0].overlaps(pair[1])]
    # AWS takes no subnet smaller than a /28, and EKS wants six free addresses for itself.
    assert all(subnet.prefixlen <= 27 for subnet in found)


@pytest.mark.parametrize("prefix", range(16, 24))
def test_a_further_zone_moves_nobody(plan: ModuleType, prefix: int) -> None:
    vpc, zones = f"10.0.0.0/{prefix}", ["one", "two", "three", "four"]
    for count in (2, 3):
        fewer = plan.zone_layouts(vpc, zones[:count], "100.64.0.0/16")
        assert fewer == plan.zone_layouts(vpc, zones, "100.64.0.0/16")[:count]


def test_a_zones_endpoint_subnet_holds_every_service(plan: ModuleType) -> None:
    services = load_module(PROJECT, "interface_endpoints").ALL_ENDPOINTS
    kept_by_aws = 5
    endpoint = IPv4Network(plan.zone_layouts("10.0.0.0/16", ["one", "two"])[0].endpoint_cidr)
    assert len(services) <= endpoint.num_addresses - kept_by_aws
