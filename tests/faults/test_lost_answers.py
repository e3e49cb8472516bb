"""A creation that fails, or that AWS carried out while its answer was lost: the object is found and not created twice,
objects of others are left alone, and an unknown outcome is reported.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.faults.aws_proxy import AwsProxy, Fault
from tests.faults.conftest import Place, before_emulator
from tooling.aws_emulator.testing import REGION, Emulator
from tooling.plugins.aws.engine import configuration, lifecycle
from tooling.plugins.aws.engine.clients import MOST_ATTEMPTS, Connection, Scope
from tooling.plugins.aws.engine.lost_responses import ResponseLost
from tooling.plugins.aws.engine.row import CREATION_TAG
from tooling.plugins.aws.table import TABLE
from tooling.plugins.aws.tests.conftest import serving
from tooling.plugins.provider.tests.engine import configured

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("lost answers")]

TAGS = {"Name": "ours"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture
def emulator(places: dict[bool, Place]) -> Emulator:
    return places[False].emulator


@pytest.fixture
def aws(emulator: Emulator) -> Iterator[AwsProxy]:
    """One per test: the plug-in caches clients by endpoint, and many failures exhaust the retry quota of a client."""
    with before_emulator(emulator) as proxy:
        yield proxy


@pytest.fixture
def scope(aws: AwsProxy) -> Scope:
    endpoint = f"http://127.0.0.1:{aws.port}"
    return Scope(Connection(configuration.read({"region": REGION}, endpoint_url=endpoint)), None)


def refusal(aws: AwsProxy, cidr: str) -> str:
    """What the plug-in says of a VPC that it cannot create."""
    endpoint = f"http://127.0.0.1:{aws.port}"
    with serving(endpoint, deletion_patience_seconds=0.5) as address, configured(address, {"region": REGION}) as engine:
        with pytest.raises(grpc.RpcError) as refused:
            engine.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": cidr})
        return str(refused.value.details())


def create(scope: Scope, kind: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
    row = TABLE[kind]
    defaults = {key: spec.default for key, spec in row.all_inputs().items() if spec.default is not None}
    wanted = {**defaults, **inputs, "tags": TAGS, "tagsAll": TAGS}
    return lifecycle.create(row, scope, wanted, preview=False)


@pytest.mark.parametrize(
    ("status", "cidr"), [(500, "10.1.0.0/16"), (0, "10.2.0.0/16")], ids=["500", "broken connection"]
)
def test_a_vpc_whose_answer_is_lost_is_found_and_not_made_twice(
    status: int, cidr: str, scope: Scope, aws: AwsProxy, emulator: Emulator
) -> None:
    aws.set(Fault(action="CreateVpc", status=status, carried_out=True, times=1))
    made, outputs = create(scope, "aws:ec2/vpc:Vpc", cidrBlock=cidr)
    vpcs = emulator.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": [cidr]}])["Vpcs"]
    assert [vpc["VpcId"] for vpc in vpcs] == [made]
    assert {tag["Key"] for tag in vpcs[0]["Tags"]} == {"Name"}, f"{CREATION_TAG} stayed"
    assert outputs["tagsAll"] == TAGS
    assert aws.seen["CreateVpc"] == 1


def test_a_vpc_that_was_refused_by_a_5xx_is_asked_for_again(scope: Scope, aws: AwsProxy) -> None:
    aws.set(Fault(action="CreateVpc", status=500, times=2))
    made, _ = create(scope, "aws:ec2/vpc:Vpc", cidrBlock="10.77.0.0/16")
    assert made.startswith("vpc-")
    assert aws.seen["CreateVpc"] == 3


def test_a_role_whose_answer_is_lost_is_known_by_its_name(scope: Scope, aws: AwsProxy) -> None:
    aws.set(Fault(action="CreateRole", carried_out=True, times=1))
    made, _ = create(scope, "aws:iam/role:Role", name="ours", assumeRolePolicy=TRUST)
    assert made == "ours"


def test_somebody_elses_role_of_that_name_is_not_taken_for_ours(
    scope: Scope, aws: AwsProxy, emulator: Emulator
) -> None:
    emulator.client("iam").create_role(RoleName="theirs", AssumeRolePolicyDocument=TRUST)
    aws.set(Fault(action="CreateRole", times=1))
    with pytest.raises(ResponseLost) as caught:
        create(scope, "aws:iam/role:Role", name="theirs", assumeRolePolicy=TRUST)
    assert caught.value.repeated
    assert "EntityAlreadyExists" in str(caught.value.cause)


def test_an_operation_that_keeps_failing_ends_named_after_few_attempts(aws: AwsProxy) -> None:
    aws.set(Fault(action="CreateVpc"))
    said = refusal(aws, "10.3.0.0/16")
    assert "InternalError: An injected fault (CreateVpc of aws:ec2/vpc:Vpc)" in said
    assert "hint: the error is on the side of AWS" in said
    assert aws.seen["CreateVpc"] == MOST_ATTEMPTS


def test_what_was_perhaps_made_and_cannot_be_looked_for_is_told_and_bears_a_mark(
    aws: AwsProxy, emulator: Emulator
) -> None:
    aws.set(Fault(action="CreateVpc", carried_out=True), Fault(action="DescribeVpcs"))
    said = refusal(aws, "10.4.0.0/16")
    assert "hint: it may exist: look for it, by the tag `tiers:creation`" in said
    assert aws.seen["CreateVpc"] == 1
    filters = [{"Name": "tag-key", "Values": [CREATION_TAG]}, {"Name": "cidr", "Values": ["10.4.0.0/16"]}]
    assert len(emulator.client("ec2").describe_vpcs(Filters=filters)["Vpcs"]) == 1
