"""The policies that `tiers explain-access` reads through IAM decide as the emulated AWS itself does."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.errors import BadInput, PlatformError
from tooling.aws_emulator.tests.conftest import Account as Emulated
from tooling.aws_emulator.tests.conftest import answer, document
from tooling.iam.account import Account
from tooling.iam.evaluation import Decision, Request, evaluate

pytestmark = pytest.mark.process

ROLE = "arn:aws:iam::123456789012:role/team"


def decided(account: Account, who: str, action: str, resource: str, **context: str) -> Decision:
    principal, policies = account.caller(who)
    own, decides = account.of_resource(action, resource)
    request = Request(
        principal=principal, action=action, resource=resource, resource_account="123456789012", context=context
    )
    return evaluate(request, dataclasses.replace(policies, resource=own, resource_decides=decides))


@pytest.fixture
def read(account: Emulated) -> Account:
    return Account(account.emulator.client)


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": "A", "Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_a_roles_policies_boundary_and_the_buckets_policy_are_read(account: Emulated, read: Account) -> None:
    account.may("team", "s3:*")
    s3, iam = account.emulator.client("s3"), account.iam
    s3.create_bucket(Bucket="tenant-data")
    target = "arn:aws:s3:::tenant-data/a"
    assert [str(one) for one in decided(read, ROLE, "s3:GetObject", target).statements] == [
        "#1 of inline policy may of team"
    ]
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=document(allow("s3:GetObject")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="team", PermissionsBoundary=limit)
    outside = decided(read, "team", "s3:PutObject", target)
    assert outside.reason("s3:PutObject") == "because no permissions boundary allows the s3:PutObject action"
    denial = {**allow("s3:GetObject", f"{target}*", Principal="*"), "Sid": "Closed", "Effect": "Deny"}
    s3.put_bucket_policy(Bucket="tenant-data", Policy=document(denial))
    denied = decided(read, ROLE, "s3:GetObject", target)
    assert [str(one) for one in denied.statements] == ["Closed of bucket policy of tenant-data"]
    with pytest.raises(ClientError) as refused:
        account.emulator.client("s3", **account.session(ROLE)).get_object(Bucket="tenant-data", Key="a")
    assert answer(refused)[1].endswith(denied.reason("s3:GetObject"))


def test_a_users_groups_and_attached_policies_are_read(account: Emulated, read: Account) -> None:
    iam = account.iam
    arn = iam.create_user(UserName="carol")["User"]["Arn"]
    iam.create_group(GroupName="people")
    iam.add_user_to_group(GroupName="people", UserName="carol")
    policy = iam.create_policy(PolicyName="read", PolicyDocument=document(allow("s3:Get*")))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="people", PolicyArn=policy)
    decision = decided(read, arn, "s3:GetObject", "arn:aws:s3:::b/a")
    assert [one.policy for one in decision.statements] == [policy]


def test_keys_and_roles_decide_themselves(account: Emulated, read: Account) -> None:
    account.may("team", "kms:*")
    key = account.emulator.client("kms").create_key(Policy=document(allow("kms:*", Principal={"AWS": "210987654321"})))
    decision = decided(read, ROLE, "kms:Decrypt", key["KeyMetadata"]["Arn"])
    assert decision.reason("kms:Decrypt") == "because no resource-based policy allows the kms:Decrypt action"
    trust = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}
    target = account.iam.create_role(RoleName="target", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    assert [str(one) for one in decided(read, ROLE, "sts:AssumeRole", target).statements] == [
        "#1 of trust policy of role/target"
    ]


@pytest.mark.parametrize(
    ("who", "code", "says"),
    [
        ("teem", "iam-principal-unknown", 'did you mean "team"?'),
        ("arn:aws:iam::123456789012:role/path/team", "iam-principal-unknown", f'did you mean "{ROLE}"?'),
        ("arn:aws:iam::123456789012:user/nobody", "iam-principal-unknown", "no principal"),
        ("arn:aws:s3:::b", "iam-principal-invalid", "neither the ARN"),
        ("", "iam-principal-invalid", "neither the ARN"),
    ],
)
def test_a_principal_that_is_not_there_is_refused(
    account: Emulated, read: Account, who: str, code: str, says: str
) -> None:
    account.role("team")
    with pytest.raises(BadInput) as error:
        read.caller(who)
    assert (error.value.code, says in error.value.what) == (code, True)


def test_who_may_not_read_iam_is_told_so(account: Emulated) -> None:
    session = account.session(account.may("team", "s3:*"))
    mine = Account(lambda service: account.emulator.client(service, **session))
    with pytest.raises(PlatformError) as error:
        mine.caller("team")
    assert (error.value.code, error.value.what) == (
        "iam-not-readable",
        "the policies cannot be read: AccessDenied",
    )
