"""A role is given for a token that its issuer signed, for its account's provider and by its trust policy alone."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from tooling.aws_emulator.testing import Emulator
from tooling.aws_emulator.tests.conftest import Account, answer, document
from tooling.aws_emulator.tests.issuers import Issuer, new_key

pytestmark = pytest.mark.process

CLUSTER = Issuer("https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF")
GITHUB = Issuer("https://token.actions.githubusercontent.com")
OTHER = Issuer("https://oidc.eks.us-east-1.amazonaws.com/id/FEDCBA9876543210")
HOST = CLUSTER.url.removeprefix("https://")
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{HOST}"
ROLE = "arn:aws:iam::123456789012:role/app"
SUBJECT = "system:serviceaccount:tenant-a:app"


def trust(provider: str = PROVIDER, host: str = HOST, **more: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": SUBJECT}},
        **more,
    }
    return document(statement)


@pytest.fixture
def app(account: Account) -> Account:
    """An account with the cluster's provider and a role for one service account."""
    CLUSTER.publish(account.emulator)
    account.iam.create_open_id_connect_provider(Url=CLUSTER.url, ClientIDList=["sts.amazonaws.com"])
    account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust())
    return account


def assumed(emulator: Emulator, token: str, role: str = ROLE, **more: Any) -> dict[str, Any]:
    client = emulator.client("sts", region="us-west-2")
    client.meta.events.register("choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: UNSIGNED)
    return client.assume_role_with_web_identity(RoleArn=role, RoleSessionName="pod", WebIdentityToken=token, **more)


def refused(emulator: Emulator, token: str, role: str = ROLE) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as error:
        assumed(emulator, token, role)
    return answer(error)


NOT_TRUSTED = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)


def test_the_service_account_gets_its_role_and_its_rights(app: Account) -> None:
    app.iam.put_role_policy(
        RoleName="app",
        PolicyName="list",
        PolicyDocument=document({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}),
    )
    given = assumed(app.emulator, CLUSTER.token(SUBJECT))
    assert given["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/app/pod"
    assert (given["SubjectFromWebIdentityToken"], given["Audience"], given["Provider"]) == (
        SUBJECT,
        "sts.amazonaws.com",
        PROVIDER,
    )
    keys = given["Credentials"]
    session = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    s3 = app.emulator.client("s3", **session)
    assert s3.list_buckets()
    with pytest.raises(ClientError) as error:
        s3.create_bucket(Bucket="x")
    assert answer(error)[0] == "AccessDenied"


def test_a_forged_token_is_refused(app: Account) -> None:
    forged = CLUSTER.token(SUBJECT, key=new_key())
    assert refused(app.emulator, forged)[0] == "InvalidIdentityToken"
    header, payload, signature = CLUSTER.token("system:serviceaccount:tenant-b:app").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": SUBJECT}).encode()).rstrip(b"=").decode()
    assert refused(app.emulator, f"{header}.{changed}.{signature}")[:1] == ("InvalidIdentityToken",)
    none = base64.urlsafe_b64encode(b'{"alg": "none"}').rstrip(b"=").decode()
    assert refused(app.emulator, f"{none}.{changed}.")[0] == "InvalidIdentityToken"


def test_an_expired_token_is_refused(app: Account) -> None:
    code, message, status = refused(app.emulator, CLUSTER.token(SUBJECT, issued_seconds_ago=700))
    assert (code, status) == ("ExpiredTokenException", 400)
    assert message.startswith("Token expired: current date/time")


def test_a_token_of_the_future_is_refused(app: Account) -> None:
    assert refused(app.emulator, CLUSTER.token(SUBJECT, issued_seconds_ago=-300))[0] == "InvalidIdentityToken"


@pytest.mark.parametrize("audience", ["pods.eks.amazonaws.com", "https://kubernetes.default.svc", ["a", "b"]])
def test_a_token_for_somebody_else_is_refused(app: Account, audience: str | list[str]) -> None:
    said = refused(app.emulator, CLUSTER.token(SUBJECT, audience))
    assert said == ("InvalidIdentityToken", "Incorrect token audience", 400)


def test_an_audience_that_the_provider_takes_and_the_role_does_not_is_refused(app: Account) -> None:
    app.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    app.iam.create_open_id_connect_provider(Url=CLUSTER.url, ClientIDList=["sts.amazonaws.com", "other"])
    assert refused(app.emulator, CLUSTER.token(SUBJECT, "other")) == NOT_TRUSTED


@pytest.mark.parametrize("name", ["tenant-b:app", "tenant-a:default", "tenant-a:app2", "tenant-a:ap"])
def test_another_service_account_is_refused(app: Account, name: str) -> None:
    assert refused(app.emulator, CLUSTER.token(f"system:serviceaccount:{name}")) == NOT_TRUSTED


def test_an_issuer_without_a_provider_in_the_account_is_refused(app: Account) -> None:
    OTHER.publish(app.emulator)
    said = refused(app.emulator, OTHER.token(SUBJECT))
    assert said == ("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {OTHER.url}", 400)


def test_another_clusters_provider_does_not_open_the_role(app: Account) -> None:
    OTHER.publish(app.emulator)
    app.iam.create_open_id_connect_provider(Url=OTHER.url, ClientIDList=["sts.amazonaws.com"])
    assert refused(app.emulator, OTHER.token(SUBJECT)) == NOT_TRUSTED


def test_an_issuer_whose_keys_nobody_knows_is_refused(app: Account) -> None:
    unheard = Issuer("https://nobody.example.com")
    app.iam.create_open_id_connect_provider(Url=unheard.url, ClientIDList=["sts.amazonaws.com"])
    code, message, _ = refused(app.emulator, unheard.token(SUBJECT))
    assert code == "InvalidIdentityToken"
    assert message.startswith("Couldn't retrieve verification key")


def test_a_role_of_another_account_is_not_given_for_this_accounts_provider(app: Account) -> None:
    iam = app.of_account("210987654321", "iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust())
    role = "arn:aws:iam::210987654321:role/app"
    assert refused(app.emulator, CLUSTER.token(SUBJECT), role)[0] == "InvalidIdentityToken"
    iam.create_open_id_connect_provider(Url=CLUSTER.url, ClientIDList=["sts.amazonaws.com"])
    assert refused(app.emulator, CLUSTER.token(SUBJECT), role) == NOT_TRUSTED


@pytest.mark.parametrize(
    "change",
    [
        {"Principal": {"Service": "ec2.amazonaws.com"}},
        {"Action": "sts:AssumeRole"},
        {"Effect": "Deny"},
        {"Principal": {"Federated": f"{PROVIDER}0"}},
    ],
    ids=str,
)
def test_a_role_that_does_not_trust_the_provider_is_refused(app: Account, change: dict[str, Any]) -> None:
    app.iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust(**change))
    assert refused(app.emulator, CLUSTER.token(SUBJECT)) == NOT_TRUSTED


def test_a_role_that_is_not_there_is_refused_as_one_that_does_not_trust(app: Account) -> None:
    assert refused(app.emulator, CLUSTER.token(SUBJECT), f"{ROLE}2") == NOT_TRUSTED


@pytest.mark.parametrize("text", ["garbage-token", "a.b.c", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"])
def test_what_is_no_token_is_refused(app: Account, text: str) -> None:
    assert refused(app.emulator, text)[0] == "InvalidIdentityToken"


def test_who_signs_the_request_decides_nothing(app: Account) -> None:
    """The operator's own signature does not stand for the token."""
    with pytest.raises(ClientError) as error:
        app.sts.assume_role_with_web_identity(
            RoleArn=ROLE, RoleSessionName="pod", WebIdentityToken=CLUSTER.token(SUBJECT, key=new_key())
        )
    assert answer(error)[0] == "InvalidIdentityToken"


def test_a_pipeline_gets_the_role_of_its_environment_by_the_subject_of_its_job(account: Account) -> None:
    GITHUB.publish(account.emulator)
    account.iam.create_open_id_connect_provider(Url=GITHUB.url, ClientIDList=["sts.amazonaws.com"])
    host = "token.actions.githubusercontent.com"
    subject = "repo:example/platform:environment:dev.tenant-a"
    condition = {"StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": subject}}
    provider = f"arn:aws:iam::123456789012:oidc-provider/{host}"
    account.iam.create_role(RoleName="ci", AssumeRolePolicyDocument=trust(provider, host, Condition=condition))
    role = "arn:aws:iam::123456789012:role/ci"
    assert assumed(account.emulator, GITHUB.token(subject, repository="example/platform"), role)
    for other in ("repo:example/platform:pull_request", "repo:example/platform:environment:dev.tenant-b"):
        assert refused(account.emulator, GITHUB.token(other), role) == NOT_TRUSTED


def test_a_session_policy_limits_what_the_token_gives(app: Account) -> None:
    allowed = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    app.iam.put_role_policy(RoleName="app", PolicyName="all", PolicyDocument=allowed)
    only = document({"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": "*"})
    keys = assumed(app.emulator, CLUSTER.token(SUBJECT), Policy=only)["Credentials"]
    s3 = app.emulator.client(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    s3.create_bucket(Bucket="tokens")
    with pytest.raises(ClientError) as error:
        s3.list_buckets()
    assert "because no session policy allows" in answer(error)[1]
