"""The VPC's second range: subnets that the CNI finds, routes out, and what other tiers learn of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.testing import Run, run_program

PROJECT = Path(__file__).resolve().parents[1]
ASSOCIATION = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
PRIVATE = ["10.0.100.0/24", "10.0.101.0/24", "10.0.102.0/24"]
PODS = ["100.64.0.0/18", "100.64.64.0/18", "100.64.128.0/18"]


@pytest.fixture(scope="module")
def run() -> Run:
    return run_program(PROJECT, stack="dev", config={"pod_cidr": "100.64.0.0/16"})


def test_by_default_pods_have_addresses_of_the_private_subnets(dev: Run) -> None:
    assert dev.registered(ASSOCIATION) == []
    assert dev.outputs["pod_cidrs"] == PRIVATE


def test_the_range_is_added_before_its_subnets(run: Run) -> None:
    association = run.one(ASSOCIATION)
    assert association.inputs == {"vpcId": "vpc-id", "cidrBlock": "100.64.0.0/16"}
    for zone, cidr in zip(ZONES, PODS, strict=True):
        subnet = run.one("aws:ec2/subnet:Subnet", f"pods-{zone}")
        assert (subnet.inputs["availabilityZone"], subnet.inputs["cidrBlock"]) == (zone, cidr)
        assert association.urn in subnet.depends_on


def test_the_cni_finds_the_subnets_by_tag_and_load_balancers_do_not(run: Run) -> None:
    for zone in ZONES:
        tags = run.one("aws:ec2/subnet:Subnet", f"pods-{zone}").inputs["tags"]
        assert tags == {
            "Name": f"pods-{zone}-dev",
            "kubernetes.io/cluster/eks-cluster-dev": "shared",
            "kubernetes.io/role/cni": "1",
        }


def test_pods_leave_by_the_way_of_their_zones_nodes(run: Run) -> None:
    for zone in ZONES:
        association = run.one("aws:ec2/routeTableAssociation:RouteTableAssociation", f"pods-{zone}").inputs
        assert association == {"subnetId": f"pods-{zone}-id", "routeTableId": f"private-{zone}-id"}


def test_pods_may_have_addresses_of_both_ranges_and_nodes_of_the_first_alone(run: Run) -> None:
    assert run.outputs["pod_cidrs"] == [*PRIVATE, *PODS]
    assert run.outputs["private_subnet_ids"] == [f"private-{zone}-id" for zone in ZONES]
