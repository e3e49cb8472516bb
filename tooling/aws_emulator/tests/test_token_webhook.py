"""The token webhook: who a token's holder is, and which tokens are refused, by which mechanism."""

from __future__ import annotations

import datetime
import json
import re
import urllib.error
import urllib.request

import pytest
from moto.eks.models import eks_backends
from moto.sts.models import sts_backends

from tooling.aws_emulator.authentication.identity import user_of
from tooling.aws_emulator.authentication.token import TokenRefused, parse
from tooling.aws_emulator.eks.records import Cluster
from tooling.aws_emulator.tests.conftest import Account
from tooling.aws_emulator.tests.tokens import of_url, review, token, url_of

EDIT = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"


@pytest.fixture
def team(account: Account) -> str:
    """A role with an access entry for group team-a."""
    account.cluster()
    role = account.role("team-a")
    account.eks.create_access_entry(clusterName="platform", principalArn=role, kubernetesGroups=["team-a"])
    return role


def test_session_of_a_role_is_the_user_of_its_access_entry(account: Account, team: str) -> None:
    status = review(account.emulator, token(account.session(team)))
    assert status["authenticated"] is True
    user = status["user"]
    assert user["username"] == "arn:aws:sts::123456789012:assumed-role/team-a/alice"
    assert user["groups"] == ["team-a"]
    assert user["uid"].startswith("aws-iam-authenticator:123456789012:AROA")
    assert user["extra"]["canonicalArn"] == [team]
    assert user["extra"]["sessionName"] == ["alice"]


def test_username_template_is_filled_with_the_session(account: Account, team: str) -> None:
    account.eks.update_access_entry(
        clusterName="platform", principalArn=team, username="a:{{AccountID}}:{{SessionName}}"
    )
    status = review(account.emulator, token(account.session(team, "alice@example.org")))
    assert status["user"]["username"] == "a:123456789012:alice-example.org"


def test_access_policies_are_groups_that_nobody_can_claim(account: Account, team: str) -> None:
    account.eks.associate_access_policy(
        clusterName="platform",
        principalArn=team,
        policyArn=EDIT,
        accessScope={"type": "namespace", "namespaces": ["one", "two-*"]},
    )
    groups = review(account.emulator, token(account.session(team)))["user"]["groups"]
    assert groups == [
        "team-a",
        "eks:access-policy:AmazonEKSEditPolicy:one",
        "eks:access-policy:AmazonEKSEditPolicy:two-*",
    ]


def test_role_without_an_access_entry_is_nobody(account: Account, team: str) -> None:
    account.eks.delete_access_entry(clusterName="platform", principalArn=team)
    status = review(account.emulator, token(account.session(team)))
    assert status["authenticated"] is False
    assert "no access entry for arn:aws:iam::123456789012:role/team-a" in status["error"]


def test_iam_user_is_the_user_of_its_access_entry(account: Account, team: str) -> None:
    user = account.iam.create_user(UserName="carol")["User"]["Arn"]
    key = account.iam.create_access_key(UserName="carol")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert "no access entry" in review(account.emulator, token(credentials))["error"]
    account.eks.create_access_entry(clusterName="platform", principalArn=user, kubernetesGroups=["people"])
    found = review(account.emulator, token(credentials))["user"]
    assert (found["username"], found["groups"]) == (user, ["people"])


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ({"aws_access_key_id": "AKIA0123456789ABCDEF", "aws_secret_access_key": "x"}, "access key is unknown"),
        ({"aws_access_key_id": "testing", "aws_secret_access_key": "guessed"}, "signature does not match"),
    ],
    ids=["unknown key", "unknown secret"],
)
def test_who_has_no_key_of_the_account_is_nobody(account: Account, team: str, key: dict[str, str], says: str) -> None:
    status = review(account.emulator, token(key))
    assert status["authenticated"] is False
    assert says in status["error"]


def test_key_of_the_operator_is_the_accounts_root(account: Account, team: str) -> None:
    plain = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    found = review(account.emulator, token(plain))["user"]
    assert found["username"] == "arn:aws:iam::123456789012:root"
    assert found["groups"] == ["eks:access-policy:AmazonEKSClusterAdminPolicy"]
    account.eks.delete_access_entry(clusterName="platform", principalArn="arn:aws:iam::123456789012:root")
    assert review(account.emulator, token(plain))["authenticated"] is False


def test_token_made_for_another_cluster_is_refused_by_its_signature(account: Account, team: str) -> None:
    status = review(account.emulator, token(account.session(team), cluster="elsewhere"))
    assert status["authenticated"] is False
    assert "signature does not match" in status["error"]


def test_token_of_a_stolen_key_without_its_secret_is_refused_by_its_signature(account: Account, team: str) -> None:
    credentials = {**account.session(team), "aws_secret_access_key": "guessed"}
    assert "signature does not match" in review(account.emulator, token(credentials))["error"]


def test_token_with_another_session_token_is_refused(account: Account, team: str) -> None:
    credentials = {**account.session(team), "aws_session_token": account.session(team)["aws_session_token"]}
    assert "session token does not belong" in review(account.emulator, token(credentials))["error"]


def test_token_whose_expiry_was_moved_is_refused_by_its_signature(account: Account, team: str) -> None:
    longer = url_of(token(account.session(team))).replace("X-Amz-Expires=60", "X-Amz-Expires=900")
    assert "signature does not match" in review(account.emulator, of_url(longer))["error"]


def test_session_outlives_its_role_and_only_the_access_entry_decides(account: Account, team: str) -> None:
    session = account.session(team)
    account.iam.delete_role(RoleName="team-a")
    assert review(account.emulator, token(session))["authenticated"] is True


def test_token_of_a_session_that_nobody_gave_is_refused(account: Account, team: str) -> None:
    unknown = {**account.session(team), "aws_access_key_id": "ASIA0000000000000000"}
    assert "session is unknown" in review(account.emulator, token(unknown))["error"]


def test_token_of_an_expired_session_is_refused() -> None:
    """In process, since a session lasts a quarter of an hour at least."""
    account, arn = "333333333333", "arn:aws:iam::333333333333:role/team-a"
    clusters = eks_backends[account]["us-east-1"].clusters
    cluster = Cluster("platform", arn, {}, account, "us-east-1", "aws")
    cluster.access_config = {"authenticationMode": "API"}
    clusters["platform"] = cluster
    session = sts_backends[account]["aws"].assume_role("us-east-1", "alice", arn, "", 900, "")
    credentials = {
        "aws_access_key_id": session.access_key_id,
        "aws_secret_access_key": session.secret_access_key,
        "aws_session_token": session.session_token,
    }
    try:
        with pytest.raises(TokenRefused, match="no access entry"):
            user_of(token(credentials), now=datetime.datetime.now(datetime.UTC))
        session.expiration -= datetime.timedelta(minutes=16)
        with pytest.raises(TokenRefused, match="alice has expired"):
            user_of(token(credentials), now=datetime.datetime.now(datetime.UTC))
    finally:
        del clusters["platform"]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"header": "x-other"}, "bound to no cluster"),
        ({"url": "https://sts.evil.example/?Action=GetCallerIdentity&Version=2011-06-15"}, "not one of STS"),
        ({"url": "https://sts.us-east-1.amazonaws.com/?Action=AssumeRole&Version=2011-06-15"}, "GetCallerIdentity"),
        ({"url": "https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=1&Policy=x"}, "do not belong there"),
        ({"url": "http://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"}, "not https"),
        ({"expires_in": 3600}, "between 0 and 900"),
    ],
    ids=["no-cluster", "other-host", "other-action", "other-parameter", "plain-http", "long-lived"],
)
def test_token_of_the_wrong_form_is_refused(account: Account, team: str, made: dict[str, str], message: str) -> None:
    session = account.session(team)
    assert review(account.emulator, token(session))["authenticated"] is True
    status = review(account.emulator, token(session, **made))  # type: ignore[arg-type]
    assert status["authenticated"] is False
    assert message in status["error"]


@pytest.mark.parametrize("text", ["", "k8s-aws-v1.", "k8s-aws-v1.%%%", "eyJhbGciOi", "k8s-aws-v1." + "A" * 20000])
def test_what_is_no_eks_token_is_refused(account: Account, team: str, text: str) -> None:
    assert review(account.emulator, text)["authenticated"] is False


def test_nobody_is_let_in_where_there_is_no_cluster(account: Account) -> None:
    role = account.role("team-a")
    assert "there is no EKS cluster" in review(account.emulator, token(account.session(role)))["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind": "TokenReview", "spec": {}}'])
def test_what_is_no_token_review_is_a_bad_request(account: Account, body: bytes) -> None:
    request = urllib.request.Request(account.emulator.webhook_url, data=body, method="POST")
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=30)
    with error.value:
        assert error.value.code == 400
        assert "error" in json.load(error.value)


@pytest.mark.parametrize(
    ("later", "message"),
    [
        (datetime.timedelta(minutes=14), None),
        (datetime.timedelta(minutes=16), "has expired"),
        (datetime.timedelta(minutes=-16), "in the future"),
    ],
    ids=["in-time", "too-late", "too-early"],
)
def test_token_holds_fifteen_minutes_from_its_signature(later: datetime.timedelta, message: str | None) -> None:
    text = token({"aws_access_key_id": "testing", "aws_secret_access_key": "testing"})
    match = re.search(r"X-Amz-Date=(\w+)", url_of(text))
    assert match is not None
    signed = datetime.datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    if message is None:
        assert parse(text, now=signed + later).access_key == "testing"
    else:
        with pytest.raises(TokenRefused, match=message):
            parse(text, now=signed + later)
