"""The evaluation decides as IAM does, and says so where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.iam.evaluation import Request, allows, reaches

READ: dict[str, Any] = {"Sid": "R", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/a/*"}
CALLER = ("AWS", "arn:aws:iam::111122223333:role/one")


def request(action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/a/x", **context: str) -> Request:
    return Request(action=action, resource=resource, context=context)


def test_what_no_statement_allows_is_denied() -> None:
    assert allows([READ], request())
    assert not allows([READ], request("s3:PutObject"))
    assert not allows([READ], request(resource="arn:aws:s3:::b/ab"))
    assert not allows([], request())


def test_a_denial_outweighs_what_allows() -> None:
    assert not allows([READ, {**READ, "Effect": "Deny"}], request())


def test_a_boundary_limits_and_grants_nothing() -> None:
    everything = {**READ, "Action": "*", "Resource": "*"}
    assert reaches([READ], [everything], request())
    assert not reaches([everything], [READ], request("s3:PutObject"))
    assert not reaches([], [everything], request())


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringLike": {"k": "a*"}}, {"k": "ab"}, True),
        ({"Null": {"k": "false"}}, {"k": "x"}, True),
        ({"Null": {"k": "false"}}, {}, False),
        ({"Bool": {"k": "true"}}, {"k": "True"}, True),
        ({"StringEquals": {"k": "a"}, "Null": {"l": "true"}}, {"k": "a", "l": "b"}, False),
    ],
)
def test_every_condition_has_to_hold(condition: dict[str, Any], context: dict[str, str], holds: bool) -> None:
    assert allows([{**READ, "Condition": condition}], request(**context)) is holds


@pytest.mark.parametrize(
    ("principal", "trusted"),
    [
        ({"AWS": "arn:aws:iam::111122223333:role/one"}, True),
        ({"AWS": ["arn:aws:iam::111122223333:root"]}, True),
        ({"AWS": "arn:aws:iam::444455556666:root"}, False),
        ({"Federated": "arn:aws:iam::111122223333:role/one"}, False),
        ("*", True),
    ],
)
def test_a_trust_policy_names_its_callers(principal: Any, trusted: bool) -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    assert allows([statement], Request(action="sts:AssumeRole", principal=CALLER)) is trusted
    assert allows([statement], Request(action="sts:AssumeRole")) is False


@pytest.mark.parametrize("unknown", [{"NotAction": "s3:*"}, {"Condition": {"ForAllValues:StringEquals": {"k": "a"}}}])
def test_what_is_not_modelled_is_an_error(unknown: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        allows([{**READ, **unknown}], request(k="a"))
