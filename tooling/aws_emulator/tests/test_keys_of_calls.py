"""Only keys that IAM or STS issued are let in, and the operator's; each service says so in its own words."""

from __future__ import annotations

import datetime
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from tooling.aws_emulator.authorization.guard import refusal_of
from tooling.aws_emulator.tests.conftest import Account, answer, document

pytestmark = pytest.mark.process

UNKNOWN = {"aws_access_key_id": "AKIA0123456789ABCDEF", "aws_secret_access_key": "secret"}


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "said"),
    [
        ("s3", "list_buckets", {}, ("InvalidAccessKeyId", 403)),
        ("iam", "list_roles", {}, ("InvalidClientTokenId", 403)),
        ("sts", "get_caller_identity", {}, ("InvalidClientTokenId", 403)),
        ("ec2", "describe_vpcs", {}, ("AuthFailure", 401)),
        ("eks", "list_clusters", {}, ("UnrecognizedClientException", 403)),
        ("kms", "list_keys", {}, ("UnrecognizedClientException", 403)),
        ("secretsmanager", "list_secrets", {}, ("UnrecognizedClientException", 403)),
        ("ecr", "describe_repositories", {}, ("UnrecognizedClientException", 403)),
        ("logs", "describe_log_groups", {}, ("UnrecognizedClientException", 403)),
        ("autoscaling", "describe_tags", {}, ("InvalidClientTokenId", 403)),
    ],
)
def test_a_key_that_nobody_issued_is_refused(
    account: Account, service: str, operation: str, arguments: dict[str, Any], said: tuple[str, int]
) -> None:
    assert getattr(account.emulator.client(service), operation)(**arguments)
    with pytest.raises(ClientError) as refused:
        getattr(account.emulator.client(service, **UNKNOWN), operation)(**arguments)
    code, _, status = answer(refused)
    assert (code, status) == said


def test_a_session_needs_its_own_token_and_its_own_time(account: Account) -> None:
    role = account.may("team")
    first, second = account.session(role), account.session(role)
    assert account.emulator.client("s3", **first).list_buckets()
    for token in (second["aws_session_token"], "other"):
        with pytest.raises(ClientError) as refused:
            account.emulator.client("s3", **{**first, "aws_session_token": token}).list_buckets()
        assert answer(refused)[0] == "InvalidAccessKeyId"
    without = {name: value for name, value in first.items() if name != "aws_session_token"}
    with pytest.raises(ClientError) as refused:
        account.emulator.client("s3", **without).list_buckets()
    assert answer(refused)[0] == "InvalidAccessKeyId"


@pytest.mark.parametrize(
    ("service", "code", "headers"),
    [
        ("s3", b"<Code>ExpiredToken</Code>", {}),
        ("iam", b"<Code>ExpiredToken</Code>", {"CONTENT_TYPE": "application/x-www-form-urlencoded"}),
        ("kms", b'"ExpiredTokenException"', {"HTTP_X_AMZ_TARGET": "TrentService.ListKeys"}),
        ("eks", b'"ExpiredTokenException"', {}),
    ],
)
def test_a_session_ends(service: str, code: bytes, headers: dict[str, str]) -> None:
    """In process, since a session lasts a quarter of an hour at least."""
    arn = "arn:aws:iam::333333333333:role/team"
    session = sts_backends["333333333333"]["aws"].assume_role("us-east-1", "alice", arn, "", 900, "")
    scope = f"{session.access_key_id}/20260101/us-east-1/{service}/aws4_request"
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
        "HTTP_X_AMZ_SECURITY_TOKEN": session.session_token,
        **headers,
    }
    session.expiration -= datetime.timedelta(minutes=16)
    refusal = refusal_of(environ, b"")
    assert refusal is not None
    assert code in refusal["body"]


def test_a_session_of_a_deleted_role_ends_with_it(account: Account) -> None:
    session = account.session(account.may("team"))
    assert account.emulator.client("s3", **session).list_buckets()
    account.iam.delete_role_policy(RoleName="team", PolicyName="may")
    account.iam.delete_role(RoleName="team")
    account.may("team")
    with pytest.raises(ClientError) as refused:
        account.emulator.client("s3", **session).list_buckets()
    assert answer(refused)[0] == "InvalidAccessKeyId"


def test_a_users_key_has_the_rights_of_user_and_groups_until_it_is_inactive(account: Account) -> None:
    iam = account.iam
    iam.create_user(UserName="carol")
    key = iam.create_access_key(UserName="carol")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    s3 = account.emulator.client("s3", **credentials)
    with pytest.raises(ClientError) as refused:
        s3.list_buckets()
    assert answer(refused)[1].startswith("User: arn:aws:iam::123456789012:user/carol is not authorized to perform")
    iam.create_group(GroupName="people")
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    iam.put_group_policy(GroupName="people", PolicyName="list", PolicyDocument=document(statement))
    iam.add_user_to_group(GroupName="people", UserName="carol")
    assert s3.list_buckets()
    iam.update_access_key(UserName="carol", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError) as refused:
        s3.list_buckets()
    assert answer(refused)[0] == "InvalidAccessKeyId"


def test_everybody_may_ask_who_they_are(account: Account) -> None:
    session = account.session(account.role("team"))
    assert account.emulator.client("sts", **session).get_caller_identity()["Arn"].endswith("/team/alice")


def post(account: Account, headers: dict[str, str], body: bytes, path: str = "/") -> tuple[int, str]:
    request = urllib.request.Request(
        f"{account.emulator.endpoint_url}{path}", data=body, headers=headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("target", "body", "path"),
    [
        ("secretsmanager.GetSecretValue", b'{"SecretId": "s", "x": "&Action=DeleteSecret&"}', "/"),
        ("secretsmanager.GetSecretValue", b'{"SecretId": "s"}', "/?Action=DeleteSecret"),
        ("secretsmanager.DeleteSecret.GetSecretValue", b'{"SecretId": "s"}', "/"),
        ("kms.GetSecretValue", b'{"SecretId": "s"}', "/"),
    ],
    ids=["body", "query", "target", "service"],
)
def test_one_operation_is_not_asked_for_in_the_name_of_another(
    account: Account, target: str, body: bytes, path: str
) -> None:
    """moto takes the operation from query and body before it looks at the header."""
    manager = account.emulator.client("secretsmanager")
    manager.create_secret(Name="s", SecretString="kept")
    session = account.session(account.may("team", "secretsmanager:GetSecretValue"))
    scope = f"{session['aws_access_key_id']}/20260101/us-east-1/secretsmanager/aws4_request"
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
        "X-Amz-Security-Token": session["aws_session_token"],
    }
    status, said = post(account, {**headers, "X-Amz-Target": "secretsmanager.GetSecretValue"}, b'{"SecretId": "s"}')
    assert (status, json.loads(said)["SecretString"]) == (200, "kept")
    status, said = post(account, {**headers, "X-Amz-Target": target}, body, path)
    assert status == 501, said
    assert manager.get_secret_value(SecretId="s")["SecretString"] == "kept"


def test_nobody_but_the_operator_chooses_the_account(account: Account) -> None:
    session = account.session(account.may("team"))
    client = account.emulator.client("s3", **session)
    client.meta.events.register(
        "before-sign.s3", lambda request, **_: request.headers.add_header("x-moto-account-id", "210987654321")
    )
    with pytest.raises(ClientError) as refused:
        client.list_buckets()
    assert "only the lane's operator chooses the account" in answer(refused)[1]


def test_the_key_of_the_lanes_states_opens_for_every_caller_and_other_keys_do_not(account: Account) -> None:
    """The states of a lane are the caller's own files; in an account, a role may decrypt its own stacks' alone."""
    kms = account.emulator.client("kms")
    team = account.emulator.client("kms", **account.session(account.may("team", "s3:ListAllMyBuckets")))
    for alias in ("alias/tiers-states", "alias/others"):
        kms.create_alias(AliasName=alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    states, others = (
        kms.encrypt(KeyId=alias, Plaintext=b"data key")["CiphertextBlob"]
        for alias in ("alias/tiers-states", "alias/others")
    )
    assert team.decrypt(CiphertextBlob=states)["Plaintext"] == b"data key"
    for refused_call in (
        lambda: team.decrypt(CiphertextBlob=others),
        lambda: team.encrypt(KeyId="alias/tiers-states", Plaintext=b"other"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused_call()
