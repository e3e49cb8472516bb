"""The VPC: ranges, zones, tags, and which way out each subnet has."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.testing import Run, run_program

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


def subnets(run: Run, kind: str) -> dict[str, str]:
    return {
        subnet.inputs["availabilityZone"]: subnet.inputs["cidrBlock"]
        for subnet in run.registered("aws:ec2/subnet:Subnet")
        if subnet.name.startswith(kind)
    }


def test_the_vpc_has_dns_and_the_range_of_its_setting(dev: Run) -> None:
    vpc = dev.one("aws:ec2/vpc:Vpc").inputs
    assert vpc["cidrBlock"] == "10.0.0.0/16"
    assert vpc["enableDnsSupport"] is True
    assert vpc["enableDnsHostnames"] is True


def test_each_zone_has_one_public_and_one_private_subnet(dev: Run) -> None:
    assert subnets(dev, "public") == dict(zip(ZONES, ("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"), strict=True))
    assert subnets(dev, "private") == dict(zip(ZONES, ("10.0.100.0/24", "10.0.101.0/24", "10.0.102.0/24"), strict=True))


def test_subnets_follow_another_range_of_the_vpc(project: Path) -> None:
    run = run_program(project, stack="dev", config={"vpc_cidr": "10.64.0.0/20"})
    assert subnets(run, "public")["us-east-1b"] == "10.64.1.0/24"
    assert subnets(run, "private")["us-east-1a"] == "10.64.6.0/24"


def test_load_balancers_find_their_subnets_by_tag(dev: Run) -> None:
    for subnet in dev.registered("aws:ec2/subnet:Subnet"):
        tags = subnet.inputs["tags"]
        public = subnet.name.startswith("public")
        assert tags["kubernetes.io/cluster/eks-cluster-dev"] == "shared"
        assert tags.get("kubernetes.io/role/elb") == ("1" if public else None)
        assert tags.get("kubernetes.io/role/internal-elb") == (None if public else "1")


def test_no_subnet_gives_public_addresses_by_itself(dev: Run) -> None:
    assert {s.inputs["mapPublicIpOnLaunch"] for s in dev.registered("aws:ec2/subnet:Subnet")} == {False}


def test_public_subnets_share_one_route_to_the_internet_gateway(dev: Run) -> None:
    route = dev.one("aws:ec2/route:Route", "public-internet").inputs
    assert route == {
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": "internet-gateway-id",
        "routeTableId": "public-id",
    }
    associated = {
        a.inputs["subnetId"]
        for a in dev.registered("aws:ec2/routeTableAssociation:RouteTableAssociation")
        if a.inputs["routeTableId"] == "public-id"
    }
    assert associated == {f"public-{zone}-id" for zone in ZONES}


@pytest.mark.parametrize(
    ("nat_gateways", "expected"),
    [
        ("one", {"us-east-1a": "us-east-1a", "us-east-1b": "us-east-1a", "us-east-1c": "us-east-1a"}),
        ("per-zone", {"us-east-1a": "us-east-1a", "us-east-1b": "us-east-1b", "us-east-1c": "us-east-1c"}),
    ],
)
def test_private_subnets_leave_by_the_nat_gateway_of_the_setting(
    project: Path, nat_gateways: str, expected: dict[str, str]
) -> None:
    run = run_program(project, stack="dev", config={"nat_gateways": nat_gateways})
    ways_out = {}
    for zone in ZONES:
        association = run.one("aws:ec2/routeTableAssociation:RouteTableAssociation", f"private-{zone}").inputs
        assert association == {"subnetId": f"private-{zone}-id", "routeTableId": f"private-{zone}-id"}
        route = run.one("aws:ec2/route:Route", f"private-{zone}-internet").inputs
        assert route["routeTableId"] == f"private-{zone}-id"
        assert route["destinationCidrBlock"] == "0.0.0.0/0"
        ways_out[zone] = route["natGatewayId"].removeprefix("nat-").removesuffix("-id")
    assert ways_out == expected
    gateways = run.registered("aws:ec2/natGateway:NatGateway")
    assert {g.name for g in gateways} == {f"nat-{zone}" for zone in expected.values()}
    for gateway in gateways:
        zone = gateway.name.removeprefix("nat-")
        assert gateway.inputs["subnetId"] == f"public-{zone}-id"
        assert gateway.inputs["allocationId"] == f"{gateway.name}-id"


def test_a_nat_gateway_waits_for_the_internet_gateway(dev: Run) -> None:
    internet = dev.one("aws:ec2/internetGateway:InternetGateway").urn
    assert all(internet in gateway.depends_on for gateway in dev.registered("aws:ec2/natGateway:NatGateway"))
