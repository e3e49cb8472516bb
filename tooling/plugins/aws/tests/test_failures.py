"""What goes wrong, and what people read of it."""

from __future__ import annotations

import threading
import time

import grpc
import pytest

from tooling.plugins.aws.tests.case import REGION, trust
from tooling.plugins.aws.tests.cases import unique_name
from tooling.plugins.aws.tests.conftest import Lane
from tooling.plugins.aws.tests.engine import CheckFailed, Engine, Resource, configured, init_failed

VPC = "aws:ec2/vpc:Vpc"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROLE = "aws:iam/role:Role"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_refusal_of_aws_is_told_in_its_own_words_with_operation_and_type(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        engine.create(VPC, "vpc", {"cidrBlock": "10.0.0.0/8"})
    said = str(refusal.value.details())
    assert said.startswith("InvalidVpc.Range: ")
    assert said.endswith("(CreateVpc of aws:ec2/vpc:Vpc)")


@pytest.mark.parametrize("name", ["aws:rds/instance:Instance", "aws:ec2/vpcs:Vpc"])
def test_type_that_is_not_modelled_is_refused_by_name(name: str, engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        engine.check(name, "x", {})
    assert f"the local lane does not model the resource type {name}" in str(refusal.value.details())
    assert "hint: " in str(refusal.value.details())


def test_function_and_argument_that_are_not_modelled_are_refused_by_name(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        engine.invoke("aws:ec2/getAmi:getAmi", {})
    assert "the local lane does not model the function aws:ec2/getAmi:getAmi" in str(refusal.value.details())
    with pytest.raises(CheckFailed) as failure:
        engine.invoke("aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [{"actionz": ["s3:*"]}]})
    assert "statements[0].actionz" in failure.value.failures


def test_input_inside_a_block_that_is_not_modelled_is_refused_by_its_path(engine: Engine) -> None:
    with pytest.raises(CheckFailed) as refusal:
        engine.check(
            "aws:ec2/launchTemplate:LaunchTemplate",
            "x",
            {"metadataOptions": {"httpToken": "required"}, "blockDeviceMappings": [{"ebs": {"size": 1}}]},
        )
    assert refusal.value.failures["metadataOptions.httpToken"].endswith('did you mean "httpTokens"?')
    assert (
        "does not model `blockDeviceMappings[0].ebs.size`" in refusal.value.failures["blockDeviceMappings[0].ebs.size"]
    )


@pytest.mark.parametrize(
    ("name", "inputs", "path"),
    [
        ("aws:kms/key:Key", {"deletionWindowInDays": 3}, "deletionWindowInDays"),
        (LOG_GROUP, {"retentionInDays": 31}, "retentionInDays"),
        (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy"),
        ("aws:ec2/natGateway:NatGateway", {"subnetId": "subnet-1"}, "allocationId"),
        ("aws:ec2/route:Route", {"routeTableId": "rtb-1", "gatewayId": "igw-1"}, "destinationCidrBlock"),
        (
            "aws:ec2/routeTable:RouteTable",
            {"vpcId": "vpc-1", "routes": [{"cidrBlock": "0.0.0.0/0"}]},
            "routes[0]",
        ),
        (
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            {"type": "ingress", "securityGroupId": "sg-1", "protocol": "tcp", "fromPort": 1, "toPort": 1},
            "cidrBlocks",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"securityGroupId": "sg-1", "ipProtocol": "-1", "cidrIpv4": "10.0.0.0/8", "toPort": 1},
            "toPort",
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"defaultVersion": 1, "updateDefaultVersion": True},
            "defaultVersion",
        ),
        (
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            {"url": "http://example.com", "clientIdLists": []},
            "url",
        ),
        (
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            {"clusterName": "c", "principalArn": "p", "policyArn": "q", "accessScope": {"type": "namespace"}},
            "accessScope.namespaces",
        ),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {
                "bucket": "b",
                "rules": [
                    {
                        "id": "a",
                        "status": "Enabled",
                        "filter": {"prefix": "p", "tag": {"key": "k", "value": "v"}},
                    }
                ],
            },
            "rules[0].filter",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and ":" in value else None,
)
def test_value_that_aws_would_refuse_is_refused_in_a_preview(
    name: str, inputs: dict[str, object], path: str, engine: Engine
) -> None:
    with pytest.raises(CheckFailed) as refusal:
        engine.check(name, "x", inputs)
    assert path in refusal.value.failures


def test_resource_whose_creation_failed_halfway_is_kept_in_the_state(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as error:
        engine.create(GATEWAY, "gateway", {"vpcId": "vpc-0123456789abcdef0"})
    unfinished = init_failed(error.value)
    assert unfinished is not None
    assert unfinished.id.startswith("igw-")
    assert "InvalidVpcID.NotFound" in unfinished.reasons[0]
    (left,) = engine.live
    mended = engine.up(left, {})
    assert mended.id == unfinished.id


def test_update_that_failed_halfway_tells_what_was_done(engine: Engine, lane: Lane) -> None:
    gateway = engine.create(GATEWAY, "gateway", {"vpcId": lane.world.other_vpc_id})
    with pytest.raises(grpc.RpcError) as error:
        engine.up(gateway, {"vpcId": "vpc-0123456789abcdef0"})
    unfinished = init_failed(error.value)
    assert unfinished is not None
    assert "vpcId" not in unfinished.properties, "it was detached, and not attached again"


def test_deletion_is_retried_while_something_depends_on_it(lane: Lane) -> None:
    with configured(lane.address, {"region": REGION}) as engine:
        vpc = engine.create(VPC, "vpc", {"cidrBlock": "10.90.0.0/16"})
        ec2 = lane.world.client("ec2")
        subnet = ec2.create_subnet(VpcId=vpc.id, CidrBlock="10.90.1.0/24")["Subnet"]["SubnetId"]

        def leave_a_little_later() -> None:
            time.sleep(0.1)
            ec2.delete_subnet(SubnetId=subnet)

        leaving = threading.Thread(target=leave_a_little_later)
        leaving.start()
        engine.delete(vpc)
        leaving.join()
        assert engine.imported(VPC, "vpc", vpc.id) is None


def test_deletion_that_stays_refused_is_an_error_in_aws_s_words(lane: Lane) -> None:
    with configured(lane.address, {"region": REGION}) as engine:
        vpc = engine.create(VPC, "vpc", {"cidrBlock": "10.91.0.0/16"})
        ec2 = lane.world.client("ec2")
        subnet = ec2.create_subnet(VpcId=vpc.id, CidrBlock="10.91.1.0/24")["Subnet"]["SubnetId"]
        with pytest.raises(grpc.RpcError) as refusal:
            engine.delete(vpc)
        assert "DependencyViolation: " in str(refusal.value.details())
        ec2.delete_subnet(SubnetId=subnet)


def test_protected_cluster_is_not_deleted(lanes: object) -> None:
    from tooling.plugins.aws.tests.cases import CASES, inputs_of

    alone = lanes("alone")  # type: ignore[operator]
    name = "aws:eks/cluster:Cluster"
    with configured(alone.address, {"region": REGION}) as engine:
        inputs = {**inputs_of(CASES[name], alone.world), "deletionProtection": True}
        cluster = engine.create(name, unique_name(), inputs)
        with pytest.raises(grpc.RpcError) as refusal:
            engine.delete(cluster)
        assert "protected from deletion" in str(refusal.value.details())
        engine.up(cluster, {**inputs, "deletionProtection": False})


def test_unknown_word_of_the_engine_s_is_told_as_a_fault_of_the_lane(engine: Engine) -> None:
    role = engine.create(ROLE, unique_name(), {"assumeRolePolicy": trust("eks.amazonaws.com")})
    with pytest.raises(grpc.RpcError) as error:
        engine.plan(role, {"assumeRolePolicy": trust("eks.amazonaws.com")}, ("a[",))
    assert "a fault of the local lane's aws plug-in" in str(error.value.details())


def test_secrets_are_left_to_the_engine(engine: Engine) -> None:
    """The engine then strips them from requests and marks the outputs again."""
    from pulumi.runtime.proto import provider_pb2

    answer = engine.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    assert not answer.accept_secrets
    assert not answer.accept_outputs


def test_deleting_what_is_gone_already_is_done(engine: Engine) -> None:
    gone = Resource(
        type=LOG_GROUP, name="x", id="no-such-group", inputs={}, outputs={"name": "no-such-group", "region": REGION}
    )
    engine.delete(gone)
