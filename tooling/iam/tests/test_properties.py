"""What holds for all policies and requests, with policies that hypothesis makes up."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tooling.iam.documents import Policy, PolicyType, policy
from tooling.iam.evaluation import Decision, Policies, Request, evaluate
from tooling.iam.principals import ANONYMOUS, root_of, session_of, user

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/one"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/one/alice"
USER = f"arn:aws:iam::{ACCOUNT}:user/carol"

actions = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
patterns = st.sampled_from(["*", "s3:*", "s3:Get*", "s3:?utObject", "s3:ListBucket", "S3:getobject"])
arns = st.sampled_from(["arn:aws:s3:::b", "arn:aws:s3:::b/a/x", "arn:aws:s3:::b/ab/x", "arn:aws:s3:::c"])
resources = st.sampled_from(
    ["*", "arn:aws:s3:::b", "arn:aws:s3:::b/a/*", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "arn:aws:s3:::?"]
)
principals = st.sampled_from(["*", ROLE, SESSION, USER, ACCOUNT, OTHER, f"arn:aws:iam::{ACCOUNT}:root"])
conditions = st.sampled_from(
    [
        {},
        {"StringLike": {"s3:prefix": "a/*"}},
        {"StringNotEquals": {"s3:prefix": "a/x"}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"Null": {"s3:prefix": "true"}},
        {"ArnLikeIfExists": {"aws:PrincipalArn": ROLE}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}},
    ]
)
callers = st.sampled_from(
    [session_of(ROLE, "alice", tags={"team": "a"}), session_of(ROLE, "bob"), user(USER), root_of(ACCOUNT), ANONYMOUS]
)


@st.composite
def statements(draw: st.DrawFn, kind: PolicyType) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(st.lists(patterns, min_size=1, max_size=2)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(
            st.lists(resources, min_size=1, max_size=2)
        ),
        "Condition": draw(conditions),
    }
    if kind is PolicyType.RESOURCE:
        names = draw(st.lists(principals, min_size=1, max_size=3))
        statement[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = {"AWS": names}
    return statement


def documents(kind: PolicyType) -> st.SearchStrategy[Policy]:
    return st.lists(statements(kind), min_size=1, max_size=4).map(
        lambda made: policy({"Version": "2012-10-17", "Statement": made}, kind, kind.name)
    )


def several(kind: PolicyType) -> st.SearchStrategy[tuple[Policy, ...]]:
    return st.lists(documents(kind), max_size=2).map(tuple)


requests = st.builds(
    Request,
    principal=callers,
    action=actions,
    resource=arns,
    resource_account=st.sampled_from([ACCOUNT, ACCOUNT, OTHER]),
    context=st.fixed_dictionaries(
        {"aws:SecureTransport": st.sampled_from(["true", "false"])},
        optional={"s3:prefix": st.sampled_from(["a/x", "b/"]), "aws:TagKeys": st.sampled_from([("a",), ("a", "b")])},
    ),
)
sets = st.builds(
    Policies,
    identity=several(PolicyType.IDENTITY),
    boundary=st.none() | documents(PolicyType.BOUNDARY),
    session=several(PolicyType.SESSION),
    resource=several(PolicyType.RESOURCE),
    resource_decides=st.booleans(),
)


def widened(before: Decision, after: Decision) -> bool:
    return after.allowed and not before.allowed


@given(requests, sets, statements(PolicyType.IDENTITY))
def test_another_denial_never_widens(request: Request, policies: Policies, statement: dict[str, Any]) -> None:
    denial = policy(
        {"Version": "2012-10-17", "Statement": {**statement, "Effect": "Deny"}}, PolicyType.IDENTITY, "denial"
    )
    more = dataclasses.replace(policies, identity=(*policies.identity, denial))
    assert not widened(evaluate(request, policies), evaluate(request, more))


@given(requests, sets, statements(PolicyType.RESOURCE))
def test_another_denial_of_the_resource_never_widens(
    request: Request, policies: Policies, statement: dict[str, Any]
) -> None:
    denial = policy(
        {"Version": "2012-10-17", "Statement": {**statement, "Effect": "Deny"}}, PolicyType.RESOURCE, "denial"
    )
    more = dataclasses.replace(policies, resource=(*policies.resource, denial))
    assert not widened(evaluate(request, policies), evaluate(request, more))


@given(requests, sets, documents(PolicyType.BOUNDARY))
def test_a_boundary_never_widens(request: Request, policies: Policies, boundary: Policy) -> None:
    without = dataclasses.replace(policies, boundary=None)
    assert not widened(evaluate(request, without), evaluate(request, dataclasses.replace(policies, boundary=boundary)))


@given(requests, sets, documents(PolicyType.SESSION))
def test_a_first_session_policy_never_widens(request: Request, policies: Policies, session: Policy) -> None:
    without = dataclasses.replace(policies, session=())
    assert not widened(evaluate(request, without), evaluate(request, dataclasses.replace(policies, session=(session,))))


@given(requests, sets, statements(PolicyType.IDENTITY))
def test_another_permission_never_narrows(request: Request, policies: Policies, statement: dict[str, Any]) -> None:
    grant = policy({"Version": "2012-10-17", "Statement": {**statement, "Effect": "Allow"}}, PolicyType.IDENTITY, "g")
    more = dataclasses.replace(policies, identity=(*policies.identity, grant))
    assert not widened(evaluate(request, more), evaluate(request, policies))


def backwards(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    return tuple(dataclasses.replace(one, statements=one.statements[::-1]) for one in policies[::-1])


@given(requests, sets)
def test_the_order_of_policies_and_statements_decides_nothing(request: Request, policies: Policies) -> None:
    turned = dataclasses.replace(
        policies,
        identity=backwards(policies.identity),
        session=backwards(policies.session),
        resource=backwards(policies.resource),
        boundary=backwards((policies.boundary,))[0] if policies.boundary else None,
    )
    first, second = evaluate(request, policies), evaluate(request, turned)
    assert (first.allowed, first.explicit, first.type, set(first.statements)) == (
        second.allowed,
        second.explicit,
        second.type,
        set(second.statements),
    )


@given(requests, sets)
def test_nothing_is_allowed_unless_a_statement_or_the_root_user_allows_it(request: Request, policies: Policies) -> None:
    decision = evaluate(request, policies)
    if decision.allowed and request.principal.arn != f"arn:aws:iam::{ACCOUNT}:root":
        assert decision.statements
        assert all(one.statement.startswith("#") for one in decision.statements)
    assert decision.allowed == (decision.type is None)


@given(requests, sets)
def test_across_accounts_the_resource_alone_lets_nobody_of_a_known_account_in(
    request: Request, policies: Policies
) -> None:
    foreign = dataclasses.replace(request, resource_account=OTHER)
    if request.principal.account and not request.principal.arn.endswith(":root"):
        assert not evaluate(foreign, dataclasses.replace(policies, identity=())).allowed
    assert not evaluate(foreign, dataclasses.replace(policies, resource=())).allowed
