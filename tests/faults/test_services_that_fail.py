"""An AWS that fails, loses its answers or lets credentials run out: told by name, fixed by a rerun.

The tests share one stack and run in the order in which they stand: each failure leaves it further than the one before,
and the last but one brings it to its end.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import boto3
import pytest

from tests.chain.clone import Clone
from tests.faults.aws_proxy import WRITES, AwsProxy, Fault
from tooling.aws_emulator.inventory import inventory
from tooling.lane.state import REGION, Lane
from tooling.plugins.aws.clients import MOST_ATTEMPTS
from tooling.plugins.aws.row import CREATION_TAG

pytestmark = [pytest.mark.lane, pytest.mark.engine, pytest.mark.xdist_group("faults")]

UP = ("up", "infrastructure", "--stack", "local")


def failed(clone: Clone, *arguments: str) -> str:
    """What a run that failed says to people."""
    said = clone.tiers(*arguments, expect=1).stderr
    assert "hint: " in said, said
    return said


def made(clone: Clone) -> Counter[str]:
    lane = Lane.load(clone.local)
    assert lane is not None
    return Counter(f"{item['service']}/{item['kind']}" for item in inventory(lane.aws_endpoint, REGION))


def ec2(clone: Clone) -> Any:
    lane = Lane.load(clone.local)
    assert lane is not None
    return boto3.Session().client(
        "ec2",
        region_name=REGION,
        endpoint_url=lane.aws_endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def test_a_clock_that_is_off_is_told_before_anything_is_made(clone: Clone, aws: AwsProxy) -> None:
    before = made(clone)
    skewed = "Signature expired: 20261124T000000Z is now earlier than 20261124T001000Z"
    aws.set(Fault(action=".*", status=403, code="SignatureDoesNotMatch", message=skewed))
    said = failed(clone, *UP)
    assert "SignatureDoesNotMatch: Signature expired" in said
    assert "hint: this machine's clock is wrong: set it (timedatectl set-ntp true)" in said
    aws.set()
    assert made(clone) == before


def test_an_operation_that_keeps_failing_ends_named_after_few_attempts(clone: Clone, aws: AwsProxy) -> None:
    aws.set(Fault(action="CreateVpc"))
    said = failed(clone, *UP)
    assert "InternalError: An injected fault (CreateVpc of aws:ec2/vpc:Vpc)" in said
    assert "hint: the error is on the side of AWS" in said
    assert aws.seen["CreateVpc"] == MOST_ATTEMPTS


def test_what_was_perhaps_made_and_cannot_be_looked_for_is_told_and_bears_a_mark(clone: Clone, aws: AwsProxy) -> None:
    aws.set(Fault(action="CreateVpc", carried_out=True), Fault(action="DescribeTags"))
    said = failed(clone, *UP)
    assert "hint: it may exist: look for it, by the tag `tiers:creation`" in said
    assert aws.seen["CreateVpc"] == 1
    aws.set()
    marked = ec2(clone).describe_vpcs(Filters=[{"Name": "tag-key", "Values": [CREATION_TAG]}])
    (vpc,) = marked["Vpcs"]
    ec2(clone).delete_vpc(VpcId=vpc["VpcId"])


def test_credentials_that_run_out_in_the_middle_are_told_and_nothing_is_lost(clone: Clone, aws: AwsProxy) -> None:
    aws.set(Fault(action=".*", status=400, code="ExpiredToken", message="The security token has expired", after=40))
    said = failed(clone, *UP)
    assert "ExpiredToken: The security token has expired" in said
    assert "hint: sign in again (aws sso login, or new keys)" in said
    assert clone.tiers("status", "--stack", "local", "--json").document["stacks"][0]["resources"] > 1


def test_an_api_that_throttles_and_fails_and_loses_answers_makes_each_thing_once(clone: Clone, aws: AwsProxy) -> None:
    throttled = {"status": 503, "code": "RequestLimitExceeded", "message": "Request limit exceeded."}
    aws.set(
        Fault(action=WRITES, share=0.2, carried_out=True),
        Fault(action=WRITES, share=0.1, status=0, carried_out=True),
        Fault(action=".*", share=0.1, status=502, code="BadGateway"),
        Fault(action=".*", share=0.05, **throttled),
    )
    clone.tiers(*UP)
    assert sum(aws.injected.values()) >= 10, aws.injected
    aws.set()
    clone.tiers("preview", "infrastructure", "--stack", "local", "--expect-no-changes")


def test_destroying_under_faults_leaves_nothing(clone: Clone, aws: AwsProxy) -> None:
    aws.set(Fault(action=WRITES, share=0.2, carried_out=True), Fault(action=".*", share=0.1, status=503))
    clone.tiers("destroy", "--stack", "local", "--yes")
    aws.set()
    left: list[Any] = clone.tiers("audit", "--stack", "local", "--json").document["left"]
    assert left == []
