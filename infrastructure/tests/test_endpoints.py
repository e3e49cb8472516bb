"""Ways to AWS's services inside the VPC: the S3 gateway, and interface endpoints in subnets of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.testing import Run, load_module, run_program

PROJECT = Path(__file__).resolve().parents[1]
ENDPOINT, SUBNET = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ec2/subnet:Subnet"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
CIDRS = ["10.0.255.128/27", "10.0.255.160/27", "10.0.255.192/27"]


@pytest.fixture(scope="module")
def with_endpoints() -> Run:
    return run_program(PROJECT, stack="dev", config={"interface_endpoints": ["sts", "ecr.api"]})


def test_s3_is_reached_by_a_gateway_from_every_route_table(dev: Run) -> None:
    gateway = dev.one(ENDPOINT).inputs
    assert gateway["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert gateway["vpcEndpointType"] == "Gateway"
    assert gateway["routeTableIds"] == ["public-id", *(f"private-{zone}-id" for zone in ZONES)]
    assert not {"subnetIds", "securityGroupIds", "privateDnsEnabled"} & gateway.keys()


def test_without_the_setting_there_is_no_gateway(project: Path) -> None:
    assert run_program(project, stack="dev", config={"s3_gateway_endpoint": False}).registered(ENDPOINT) == []


def test_by_default_there_is_no_interface_endpoint_and_no_subnet_for_one(dev: Run) -> None:
    assert [endpoint.name for endpoint in dev.registered(ENDPOINT)] == ["s3"]
    assert [subnet.name for subnet in dev.registered(SUBNET) if subnet.name.startswith("endpoints")] == []
    assert dev.outputs["endpoint_cidrs"] == []


def test_an_interface_endpoint_stands_in_every_zone_under_its_services_usual_name(with_endpoints: Run) -> None:
    for service in ("sts", "ecr.api"):
        inputs = with_endpoints.one(ENDPOINT, service).inputs
        assert inputs["serviceName"] == f"com.amazonaws.us-east-1.{service}"
        assert inputs["vpcEndpointType"] == "Interface"
        assert inputs["privateDnsEnabled"] is True
        assert inputs["subnetIds"] == [f"endpoints-{zone}-id" for zone in ZONES]
        assert inputs["securityGroupIds"] == ["endpoints-id"]


def test_endpoints_have_subnets_of_their_own_which_the_contract_names(with_endpoints: Run) -> None:
    subnets = [s.inputs for s in with_endpoints.registered(SUBNET) if s.name.startswith("endpoints")]
    assert [(s["availabilityZone"], s["cidrBlock"]) for s in subnets] == list(zip(ZONES, CIDRS, strict=True))
    assert with_endpoints.outputs["endpoint_cidrs"] == CIDRS
    # Neither a load balancer nor a pod finds its way into them.
    assert all(not key.startswith("kubernetes.io/") for subnet in subnets for key in subnet["tags"])


@pytest.mark.parametrize("pod_cidr", ["", "100.64.0.0/16"])
def test_endpoints_answer_https_from_the_vpcs_ranges_alone(project: Path, pod_cidr: str) -> None:
    run = run_program(project, stack="dev", config={"interface_endpoints": ["sts"], "pod_cidr": pod_cidr})
    rules = [
        rule.inputs
        for rule in run.registered("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if rule.inputs["securityGroupId"] == "endpoints-id"
    ]
    assert {rule["cidrIpv4"] for rule in rules} == {"10.0.0.0/16", *([pod_cidr] if pod_cidr else [])}
    assert {(rule["ipProtocol"], rule["fromPort"], rule["toPort"]) for rule in rules} == {("tcp", 443, 443)}


def test_every_service_says_who_needs_it() -> None:
    module = load_module(PROJECT, "interface_endpoints")
    assert set(module.NEEDED_BY) == set(module.ALL_ENDPOINTS)
    assert len(module.ALL_ENDPOINTS) == 16
    assert all(module.NEEDED_BY.values())
