"""What goes wrong, and what people read of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent import futures

import grpc
import pytest
from google.protobuf import empty_pb2

from tooling.plugins.aws.engine import lifecycle
from tooling.plugins.aws.engine.clients import Connection, Scope
from tooling.plugins.aws.engine.configuration import read
from tooling.plugins.aws.engine.errors import LostAfterCreate, NeverSettled
from tooling.plugins.aws.engine.row import Operations, Row, Values
from tooling.plugins.aws.resources.eks.addons import Addon
from tooling.plugins.aws.tests.case import REGION, trust
from tooling.plugins.aws.tests.cases import CASES, inputs_of, unique_name
from tooling.plugins.aws.tests.conftest import Lane, serving
from tooling.plugins.provider.protocol import provider_pb2
from tooling.plugins.provider.tests.engine import CheckFailed, Engine, Resource, configured, init_failed

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
    fixed = engine.up(left, {})
    assert fixed.id == unfinished.id


def test_update_that_failed_halfway_tells_what_was_done(engine: Engine, lane: Lane) -> None:
    gateway = engine.create(GATEWAY, "gateway", {"vpcId": lane.world.other_vpc_id})
    with pytest.raises(grpc.RpcError) as error:
        engine.up(gateway, {"vpcId": "vpc-0123456789abcdef0"})
    unfinished = init_failed(error.value)
    assert unfinished is not None
    assert "vpcId" not in unfinished.properties, "it was detached, and not attached again"


def test_deletion_is_retried_while_something_depends_on_it(lane: Lane) -> None:
    with (
        serving(lane.emulator.endpoint_url, deletion_patience_seconds=60) as address,
        configured(address, {"region": REGION}) as engine,
    ):
        vpc = engine.create(VPC, "vpc", {"cidrBlock": "10.90.0.0/16"})
        ec2 = lane.world.client("ec2")
        subnet = ec2.create_subnet(VpcId=vpc.id, CidrBlock="10.90.1.0/24")["Subnet"]["SubnetId"]

        leaving = threading.Timer(0.1, ec2.delete_subnet, kwargs={"SubnetId": subnet})
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


def test_protected_cluster_is_not_deleted(lanes: Callable[[str], Lane]) -> None:
    alone = lanes("alone")
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
    assert "internal error of the local lane's aws plug-in" in str(error.value.details())


def test_value_that_the_emulator_takes_and_forgets_is_an_error_that_names_it(engine: Engine, lane: Lane) -> None:
    """moto has no description of a rule for a prefix list (5.2.5); a change that never ends would be the other way."""
    rule = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListIds": [lane.world.prefix_list_ids[0]]}
    inputs = {"vpcId": lane.world.vpc_id, "egress": [{**rule, "description": "to S3"}]}
    with pytest.raises(grpc.RpcError) as error:
        engine.create("aws:ec2/securityGroup:SecurityGroup", unique_name(), inputs)
    said = str(error.value.details())
    assert said == (
        "the emulated AWS accepted `egress[0].description` of aws:ec2/securityGroup:SecurityGroup but did not store it"
    )
    assert init_failed(error.value) is not None


class Forgetful(Operations):
    """An AWS that loses what it is given."""

    def create(self, inputs: Values) -> str:
        return "thing-1"

    def read(self, resource_id: str, known: Values) -> None:
        return None

    def delete(self, resource_id: str, state: Values) -> None:
        pass


def test_created_resource_that_aws_does_not_know_is_an_error(lane: Lane) -> None:
    row = Row(pulumi_name="aws:test/thing:Thing", source="", inputs={}, outputs=(), operations=Forgetful)
    scope = Scope(Connection(read({"region": REGION}, endpoint_url=lane.emulator.endpoint_url)), REGION)
    with pytest.raises(LostAfterCreate) as lost:
        lifecycle.create(row, scope, {}, preview=False)
    assert "thing-1 was created, but AWS does not find it" in lost.value.what


def test_state_that_ends_badly_is_told_with_eks_s_own_reasons(lane: Lane) -> None:
    scope = Scope(Connection(read({"region": REGION}, endpoint_url=lane.emulator.endpoint_url)), REGION)
    answers = iter([{"status": "CREATING"}, {"status": "CREATE_FAILED", "health": {"issues": [_ISSUE]}}])
    with pytest.raises(NeverSettled) as failure:
        Addon(scope).wait_until_active("add-on x", lambda: next(answers))
    assert failure.value.what == "add-on x ended as CREATE_FAILED. AccessDenied: the role cannot be assumed"


_ISSUE = {"code": "AccessDenied", "message": "the role cannot be assumed"}


def test_cancelled_operation_ends_its_waiting(lane: Lane) -> None:
    scope = Scope(Connection(read({"region": REGION}, endpoint_url=lane.emulator.endpoint_url)), REGION)
    scope.connection.cancelled.set()
    with pytest.raises(NeverSettled) as failure:
        Addon(scope).wait_until_active("add-on x", lambda: {"status": "CREATING"})
    assert "cancelled while waiting for add-on x" in failure.value.what


def test_cancellation_concerns_its_own_connection_only(lane: Lane) -> None:
    settings = {"region": REGION}
    with (
        serving(lane.emulator.endpoint_url, deletion_patience_seconds=60) as address,
        configured(address, settings) as one,
        configured(address, settings) as other,
        futures.ThreadPoolExecutor(1) as pool,
    ):
        vpc = other.create(VPC, "vpc", {"cidrBlock": "10.92.0.0/16"})
        ec2 = lane.world.client("ec2")
        subnet = ec2.create_subnet(VpcId=vpc.id, CidrBlock="10.92.1.0/24")["Subnet"]["SubnetId"]
        waiting = pool.submit(other.delete, vpc)
        one.stub.Cancel(empty_pb2.Empty())
        with pytest.raises(grpc.RpcError, match="DependencyViolation"):
            one.delete(vpc)
        ec2.delete_subnet(SubnetId=subnet)
        waiting.result()
        assert other.imported(VPC, "vpc", vpc.id) is None


def test_secrets_are_left_to_the_engine(engine: Engine) -> None:
    """The engine then strips them from requests and marks the outputs again."""
    answer = engine.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    assert not answer.accept_secrets
    assert not answer.accept_outputs


def test_deleting_what_is_gone_already_is_done(engine: Engine) -> None:
    gone = Resource(
        type=LOG_GROUP, name="x", id="no-such-group", inputs={}, outputs={"name": "no-such-group", "region": REGION}
    )
    engine.delete(gone)
