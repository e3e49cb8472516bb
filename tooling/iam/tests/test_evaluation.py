"""The evaluation decides as AWS documents it, and names what decided."""

from __future__ import annotations

from typing import Any

import pytest

from tooling.iam.documents import Policy, PolicyType, policy
from tooling.iam.errors import NotEvaluable
from tooling.iam.evaluation import Deciding, Decision, Policies, Request, evaluate
from tooling.iam.principals import ANONYMOUS, Principal, federated, root_of, service, session_of, user

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/one"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/one/alice"
USER = f"arn:aws:iam::{ACCOUNT}:user/carol"
OBJECT = "arn:aws:s3:::b/a/x"
LAST_SECOND = "2029-12-31T23:59:59Z"
A_OF_PREFIX = {"StringEquals": {"s3:prefix": "a"}}
OWN = {"aud": "sts.amazonaws.com", "sub": "system:serviceaccount:a:app"}
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/1"

ALICE = session_of(ROLE, "alice", unique_id="AROA1", tags={"team": "a"})
CAROL = user(USER, unique_id="AIDA1")


def allow(action: str | list[str] = "s3:GetObject", resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": "A", "Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str] = "s3:GetObject", resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Sid": "D", "Effect": "Deny"}


def of(kind: PolicyType, *statements: dict[str, Any]) -> Policy:
    return policy({"Version": "2012-10-17", "Statement": list(statements)}, kind, kind.name.lower())


def identity(*statements: dict[str, Any]) -> Policy:
    return of(PolicyType.IDENTITY, *statements)


def boundary(*statements: dict[str, Any]) -> Policy:
    return of(PolicyType.BOUNDARY, *statements)


def session(*statements: dict[str, Any]) -> Policy:
    return of(PolicyType.SESSION, *statements)


def resource(*statements: dict[str, Any]) -> Policy:
    return of(PolicyType.RESOURCE, *statements)


def by(principal: Principal = ALICE, action: str = "s3:GetObject", arn: str = OBJECT, **more: Any) -> Request:
    return Request(principal=principal, action=action, resource=arn, resource_account=ACCOUNT, **more)


def allows(statement: dict[str, Any], request: Request | None = None) -> bool:
    return evaluate(request or by(), Policies(identity=(identity(statement),))).allowed


def test_what_no_statement_allows_is_denied_for_want_of_an_identity_policy() -> None:
    assert evaluate(by(), Policies()) == Decision(allowed=False, type=PolicyType.IDENTITY)
    decision = evaluate(by(action="s3:PutObject"), Policies(identity=(identity(allow()),)))
    assert decision.reason("s3:PutObject") == "because no identity-based policy allows the s3:PutObject action"


def test_the_statement_that_allows_is_named() -> None:
    policies = Policies(identity=(identity(allow("s3:List*"), allow(Sid="Read")),))
    named = Deciding(policy="identity", type=PolicyType.IDENTITY, statement="Read")
    assert evaluate(by(), policies) == Decision(allowed=True, statements=(named,))


def test_a_statement_without_a_sid_is_named_by_its_place() -> None:
    written = allow()
    del written["Sid"]
    decision = evaluate(by(), Policies(identity=(identity(allow("s3:List*"), written),)))
    assert [str(one) for one in decision.statements] == ["#2 of identity"]


@pytest.mark.parametrize(
    ("policies", "kind"),
    [
        (Policies(identity=(identity(allow(), deny()),)), PolicyType.IDENTITY),
        (Policies(identity=(identity(allow()),), boundary=boundary(allow(), deny())), PolicyType.BOUNDARY),
        (Policies(identity=(identity(allow()),), session=(session(allow(), deny()),)), PolicyType.SESSION),
        (Policies(identity=(identity(allow()),), resource=(resource(deny(Principal="*")),)), PolicyType.RESOURCE),
    ],
    ids=lambda value: value.name if isinstance(value, PolicyType) else "",
)
def test_a_denial_outweighs_whatever_allows(policies: Policies, kind: PolicyType) -> None:
    decision = evaluate(by(), policies)
    assert (decision.allowed, decision.explicit, decision.type) == (False, True, kind)
    assert [one.statement for one in decision.statements] == ["D"]
    assert decision.reason("x").startswith("with an explicit deny in a")


def test_a_boundary_limits_and_grants_nothing() -> None:
    everything = allow("*")
    assert evaluate(by(), Policies(identity=(identity(allow()),), boundary=boundary(everything))).allowed
    outside = evaluate(by(), Policies(identity=(identity(everything),), boundary=boundary(allow("s3:PutObject"))))
    assert (outside.allowed, outside.type) == (False, PolicyType.BOUNDARY)
    assert not evaluate(by(), Policies(boundary=boundary(everything))).allowed


def test_session_policies_are_one_limit_together() -> None:
    policies = Policies(identity=(identity(allow("*")),), session=(session(allow("s3:Put*")), session(allow())))
    assert evaluate(by(), policies).allowed
    outside = evaluate(by(action="s3:DeleteObject"), policies)
    assert (outside.allowed, outside.type) == (False, PolicyType.SESSION)


@pytest.mark.parametrize(
    ("caller", "principal", "allowed"),
    [
        (ALICE, SESSION, True),
        (ALICE, ROLE, False),
        (ALICE, "AROA1", False),
        (ALICE, "*", False),
        (ALICE, ACCOUNT, False),
        (CAROL, USER, True),
        (CAROL, "AIDA1", True),
        (CAROL, "*", False),
    ],
)
def test_a_boundary_limits_what_a_bucket_grants_unless_to_the_very_session_or_user(
    caller: Principal, principal: str, allowed: bool
) -> None:
    bucket = resource(allow(Principal={"AWS": principal}))
    limited = Policies(resource=(bucket,), boundary=boundary(allow("s3:ListBucket")))
    assert evaluate(by(caller), limited).allowed is allowed


@pytest.mark.parametrize(("principal", "allowed"), [(SESSION, True), (ROLE, False), ("*", False)])
def test_a_session_policy_limits_what_a_bucket_grants_to_the_role(principal: str, allowed: bool) -> None:
    bucket = resource(allow(Principal={"AWS": principal}))
    policies = Policies(resource=(bucket,), session=(session(allow("s3:ListBucket")),))
    assert evaluate(by(), policies).allowed is allowed


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [(ROLE, True), ("AROA1", True), ("*", True), (ACCOUNT, False), (f"arn:aws:iam::{ACCOUNT}:root", False)],
)
def test_a_bucket_that_names_the_account_leaves_it_to_identity_policies(principal: str, allowed: bool) -> None:
    bucket = resource(allow(Principal={"AWS": principal}))
    assert evaluate(by(), Policies(resource=(bucket,))).allowed is allowed
    assert evaluate(by(), Policies(resource=(bucket,), identity=(identity(allow()),))).allowed


@pytest.mark.parametrize(
    ("principal", "own", "allowed"),
    [
        ({"AWS": ACCOUNT}, True, True),
        ({"AWS": ACCOUNT}, False, False),
        ({"AWS": ROLE}, False, True),
        ({"AWS": f"{ROLE}2"}, True, False),
        ({"AWS": OTHER}, True, False),
    ],
)
def test_a_key_or_role_is_asked_itself(principal: dict[str, str], own: bool, allowed: bool) -> None:
    key = resource({"Effect": "Allow", "Action": "kms:*", "Principal": principal, "Resource": "*"})
    policies = Policies(identity=(identity(allow("kms:*")),) if own else (), resource=(key,), resource_decides=True)
    decision = evaluate(by(action="kms:Decrypt", arn=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"), policies)
    assert decision.allowed is allowed


@pytest.mark.parametrize(
    ("own", "principal", "allowed", "kind"),
    [
        (True, ROLE, True, None),
        (True, SESSION, True, None),
        (True, ACCOUNT, True, None),
        (True, OTHER, False, PolicyType.RESOURCE),
        (False, ROLE, False, PolicyType.IDENTITY),
        (False, SESSION, False, PolicyType.IDENTITY),
    ],
)
def test_across_accounts_both_sides_have_to_allow(
    own: bool, principal: str, allowed: bool, kind: PolicyType | None
) -> None:
    bucket = resource(allow(Principal={"AWS": principal}))
    request = Request(principal=ALICE, action="s3:GetObject", resource=OBJECT, resource_account=OTHER)
    policies = Policies(identity=(identity(allow()),) if own else (), resource=(bucket,))
    decision = evaluate(request, policies)
    assert (decision.allowed, decision.type) == (allowed, kind)


def test_across_accounts_a_boundary_limits_even_what_names_the_session() -> None:
    bucket = resource(allow(Principal={"AWS": SESSION}))
    request = Request(principal=ALICE, action="s3:GetObject", resource=OBJECT, resource_account=OTHER)
    policies = Policies(identity=(identity(allow()),), resource=(bucket,), boundary=boundary(allow("s3:ListBucket")))
    assert evaluate(request, policies).type is PolicyType.BOUNDARY


def test_the_root_user_may_do_everything_in_its_account_but_what_is_denied() -> None:
    root = root_of(ACCOUNT)
    assert evaluate(by(root), Policies()).allowed
    assert not evaluate(by(root), Policies(resource=(resource(deny(Principal="*")),))).allowed
    assert not evaluate(by(root_of(OTHER)), Policies()).allowed


def test_nobody_without_a_name_is_let_in_unless_everybody_is() -> None:
    assert not evaluate(by(ANONYMOUS), Policies(resource=(resource(allow(Principal={"AWS": ROLE})),))).allowed
    assert evaluate(by(ANONYMOUS), Policies(resource=(resource(allow(Principal="*")),))).allowed


@pytest.mark.parametrize(
    ("change", "claims", "trusted"),
    [
        ({}, OWN, True),
        ({}, {**OWN, "sub": "system:serviceaccount:b:app"}, False),
        ({}, {**OWN, "aud": "pods"}, False),
        ({}, {"sub": OWN["sub"]}, False),
        ({"Principal": {"Federated": f"{PROVIDER}2"}}, OWN, False),
        ({"Action": "sts:AssumeRole"}, OWN, False),
    ],
    ids=["own", "other namespace", "other audience", "no audience", "other provider", "other action"],
)
def test_a_role_trusts_one_service_account_of_one_issuer(
    change: dict[str, Any], claims: dict[str, str], trusted: bool
) -> None:
    issuer = PROVIDER.partition("oidc-provider/")[2]
    equal = {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": "system:serviceaccount:a:app"}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": equal},
    }
    request = Request(
        principal=federated(PROVIDER),
        action="sts:AssumeRoleWithWebIdentity",
        resource=ROLE,
        context={f"{issuer}:{claim}": value for claim, value in claims.items()},
    )
    trust = Policies(resource=(resource({**statement, **change}),), resource_decides=True)
    assert evaluate(request, trust).allowed is trusted


def test_everybody_in_a_trust_policy_is_no_service() -> None:
    trust = resource({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    request = Request(principal=service("pods.eks.amazonaws.com"), action="sts:AssumeRole", resource=ROLE)
    assert not evaluate(request, Policies(resource=(trust,))).allowed
    named = resource(
        {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    assert evaluate(request, Policies(resource=(named,))).allowed


@pytest.mark.parametrize(
    ("listed", "denied"),
    [
        ([ROLE], True),
        ([ROLE, SESSION], True),
        ([ROLE, SESSION, f"arn:aws:iam::{ACCOUNT}:root"], False),
        ([ROLE, SESSION, ACCOUNT], False),
        ([f"{ROLE}2", SESSION, ACCOUNT], True),
    ],
)
def test_a_denial_for_all_others_spares_who_is_listed_with_account_role_and_session(
    listed: list[str], denied: bool
) -> None:
    bucket = resource(deny(NotPrincipal={"AWS": listed}))
    policies = Policies(identity=(identity(allow()),), resource=(bucket,))
    assert evaluate(by(), policies).allowed is not denied


def test_what_is_not_listed_is_meant_by_the_negated_elements() -> None:
    but_reading = {"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}
    assert allows(but_reading)
    assert not allows(but_reading, by(action="s3:PutObject"))
    elsewhere = {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/a/*"}
    assert not allows(elsewhere)
    assert allows(elsewhere, by(arn="arn:aws:s3:::b/b/x"))


@pytest.mark.parametrize(
    ("pattern", "arn", "same"),
    [
        ("arn:aws:s3:::b/a/*", "arn:aws:s3:::b/a/x/y", True),
        ("arn:aws:s3:::b/a/*", "arn:aws:s3:::b/ab", False),
        ("arn:aws:s3:::b/a/*", "arn:aws:s3:::b/A/x", False),
        ("arn:aws:s3:::b/a?", "arn:aws:s3:::b/ab", True),
        ("arn:aws:s3", "arn:aws:s3:::b/ab", True),
        ("arn:aws:*:us-east-1:*:x", "arn:aws:sqs:us-east-1:1:x", True),
        ("arn:aws:sqs:*:x", "arn:aws:sqs:us-east-1:1:x", False),
        ("arn:aws:logs:us-east-1:1:log-group:*", "arn:aws:logs:us-east-1:1:log-group:/a:log-stream:b", True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "arn:aws:s3:::b/a/x", True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "arn:aws:s3:::b/b/x", False),
        ("arn:aws:s3:::b/${aws:PrincipalTag/none}/*", "arn:aws:s3:::b//x", False),
        ("arn:aws:s3:::b/${aws:PrincipalTag/none, 'all'}/*", "arn:aws:s3:::b/all/x", True),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", False),
    ],
)
def test_resources_are_compared_field_by_field_with_variables(pattern: str, arn: str, same: bool) -> None:
    assert allows(allow("*", pattern), by(arn=arn)) is same


def test_a_tag_that_is_a_wildcard_matches_itself_alone() -> None:
    greedy = session_of(ROLE, "eve", tags={"team": "*"})
    statement = allow("*", "arn:aws:s3:::b/${aws:PrincipalTag/team}/x")
    assert not allows(statement, by(greedy, arn="arn:aws:s3:::b/a/x"))
    assert allows(statement, by(greedy, arn="arn:aws:s3:::b/*/x"))


def test_variables_are_text_in_documents_of_the_first_version() -> None:
    document = {"Statement": [allow("*", "arn:aws:s3:::b/${aws:username}")]}
    old = policy(document, PolicyType.IDENTITY, "old")
    assert not evaluate(by(CAROL, arn="arn:aws:s3:::b/carol"), Policies(identity=(old,))).allowed
    new = policy({"Version": "2012-10-17", **document}, PolicyType.IDENTITY, "new")
    assert evaluate(by(CAROL, arn="arn:aws:s3:::b/carol"), Policies(identity=(new,))).allowed


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"s3:prefix": ["a", "b"]}}, {"s3:prefix": "b"}, True),
        ({"StringEquals": {"s3:prefix": "a*"}}, {"s3:prefix": "ab"}, False),
        ({"StringEquals": {"s3:prefix": "a"}}, {}, False),
        ({"StringEquals": {"S3:Prefix": "a"}}, {"s3:prefix": "a"}, True),
        ({"StringEqualsIgnoreCase": {"s3:prefix": "A"}}, {"s3:prefix": "a"}, True),
        ({"StringNotEquals": {"s3:prefix": ["a", "b"]}}, {"s3:prefix": "b"}, False),
        ({"StringNotEquals": {"s3:prefix": "a"}}, {}, True),
        ({"StringLike": {"s3:prefix": "a*"}}, {"s3:prefix": "ab"}, True),
        ({"StringNotLike": {"s3:prefix": "a*"}}, {"s3:prefix": "ab"}, False),
        ({"StringLike": {"s3:prefix": "${aws:PrincipalTag/team}/*"}}, {"s3:prefix": "a/x"}, True),
        ({"StringLike": {"s3:prefix": "${aws:PrincipalTag/team}/*"}}, {"s3:prefix": "b/x"}, False),
        ({"StringEqualsIfExists": {"s3:prefix": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"s3:prefix": "a"}}, {"s3:prefix": "b"}, False),
        ({"Null": {"s3:prefix": "false"}}, {"s3:prefix": "x"}, True),
        ({"Null": {"s3:prefix": "false"}}, {}, False),
        ({"Null": {"s3:prefix": True}}, {}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "True"}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "true"}, False),
        ({"NumericLessThanEquals": {"s3:max-keys": 10}}, {"s3:max-keys": "10"}, True),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True),
        ({"NumericGreaterThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, False),
        ({"NumericEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "many"}, False),
        ({"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}, {"aws:CurrentTime": LAST_SECOND}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "1893456000"}}, {"aws:CurrentTime": LAST_SECOND}, False),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}, {"aws:SourceIp": "10.1.2.3"}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "2001:db8::1"}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "192.0.2.1"}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team/*"}}, {}, True),
        ({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/other/*"}}, {}, False),
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/other/*"}}, {}, True),
        ({"BinaryEquals": {"s3:prefix": "QQ=="}}, {"s3:prefix": "QQ=="}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ("a", "b")}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ("a", "b")}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ("a", "b")}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ("a",)}, False),
        ({"ForAllValues:StringNotLike": {"aws:TagKeys": ["x*"]}}, {"aws:TagKeys": ("a", "xb")}, False),
        ({**A_OF_PREFIX, "Null": {"s3:delimiter": "true"}}, {"s3:prefix": "a", "s3:delimiter": "/"}, False),
    ],
)
def test_every_condition_has_to_hold(condition: dict[str, Any], context: dict[str, Any], holds: bool) -> None:
    assert allows(allow(Condition=condition), by(context=context)) is holds


def test_absent_keys_are_reported() -> None:
    statement = allow(Condition={"StringEquals": {"s3:prefix": "a"}})
    assert evaluate(by(), Policies(identity=(identity(statement),))).absent_keys == ("s3:prefix",)


@pytest.mark.parametrize(
    "statement",
    [
        allow(Condition={"StringEqual": {"s3:prefix": "a"}}),
        allow(Condition={"ForSomeValues:StringEquals": {"s3:prefix": "a"}}),
        allow(Condition={"NullIfExists": {"s3:prefix": "true"}}),
        allow(Condition={"Bool": {"aws:SecureTransport": "yes"}}),
        allow(Condition={"NumericEquals": {"s3:max-keys": "many"}}),
        allow(Condition={"DateLessThan": {"aws:CurrentTime": "tomorrow"}}),
        allow(Condition={"IpAddress": {"aws:SourceIp": "here"}}),
        allow(Condition={"StringEquals": {"s3:prefiks": "a"}}),
        allow(Condition={"StringEquals": {"aws:SourceIdent": "a"}}),
        allow(Condition={"StringEquals": {"aws:TagKeys": "a"}}),
        allow(resource="arn:aws:s3:::b/${aws:usrname}/*"),
        allow(Condition=[]),
        allow(Resources="*"),
        allow(NotAction="s3:*"),
        allow(Principal="*"),
        allow(resource="b/a/*"),
        allow("GetObject"),
        {"Effect": "Permit", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*"},
        {"Effect": "Allow", "Resource": "*"},
    ],
    ids=str,
)
def test_what_is_unknown_or_malformed_is_an_error_and_allows_nothing(statement: dict[str, Any]) -> None:
    with pytest.raises(NotEvaluable):
        allows(statement, by(context={"aws:TagKeys": ("a", "b")}))


@pytest.mark.parametrize(
    "principal", [{"AWS": "arn:aws:iam::1:role/*"}, {"Account": "1"}, {"Service": "*"}, {}, {"AWS": []}, 7], ids=str
)
def test_a_principal_without_an_exact_name_is_an_error(principal: Any) -> None:
    with pytest.raises(NotEvaluable):
        resource(allow(Principal=principal))


@pytest.mark.parametrize(
    "document", ["{", "[]", "{}", '{"Statement": []}', '{"Version": "2020-01-01", "Statement": []}']
)
def test_a_document_that_is_no_policy_is_an_error(document: str) -> None:
    with pytest.raises(NotEvaluable):
        policy(document, PolicyType.IDENTITY, "broken")


def test_a_statement_about_something_else_may_have_keys_that_nobody_knows() -> None:
    known = by(known=lambda key: False)
    foreign = allow("kms:*", Condition={"StringEquals": {"kms:ViaService": "a"}})
    assert evaluate(known, Policies(identity=(identity(foreign, allow()),))).allowed
    with pytest.raises(NotEvaluable):
        evaluate(known, Policies(identity=(identity(allow(Condition={"Bool": {"aws:ViaAWSService": "true"}})),)))
