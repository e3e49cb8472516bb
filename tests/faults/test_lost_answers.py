"""A creation that AWS carried out without being heard: one object, found again; and nobody else's is taken for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.aws_proxy import AwsProxy, Fault
from tooling.aws_emulator.testing import REGION, Emulator, running_emulator
from tooling.lane.ports import free_ports
from tooling.plugins.aws import configuration, lifecycle
from tooling.plugins.aws.clients import Connection, Scope
from tooling.plugins.aws.lost_responses import ResponseLost
from tooling.plugins.aws.row import CREATION_TAG
from tooling.plugins.aws.table import TABLE

pytestmark = pytest.mark.xdist_group("lost answers")

TAGS = {"Name": "ours"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("aws")) as running:
        yield running
    if running.process.stderr is not None:
        running.process.stderr.close()


@pytest.fixture
def aws(emulator: Emulator) -> Iterator[AwsProxy]:
    (port,) = free_ports(1)
    proxy = AwsProxy(port, int(emulator.endpoint_url.rsplit(":", 1)[1]))
    thread = threading.Thread(target=proxy.server.serve_forever, daemon=True)
    thread.start()
    yield proxy
    proxy.server.shutdown()
    proxy.server.server_close()
    thread.join()


@pytest.fixture
def scope(aws: AwsProxy) -> Scope:
    endpoint = f"http://127.0.0.1:{aws.port}"
    return Scope(Connection(configuration.read({"region": REGION}, endpoint_url=endpoint)), None)


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
