"""A role that is deleted and made again is another principal, although its ARN is the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.testing import running_emulator
from tooling.aws_emulator.tests.conftest import Account, answer, document
from tooling.aws_emulator.tests.tokens import review, token

pytestmark = pytest.mark.process

ROOT = "arn:aws:iam::123456789012:root"


def trust(*names: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(names)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trusted(account: Account, role: str) -> Any:
    return account.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]


def made_again(account: Account, name: str) -> tuple[str, str]:
    """Unique ids before and after."""
    before = account.iam.get_role(RoleName=name)["Role"]["RoleId"]
    account.iam.delete_role(RoleName=name)
    account.role(name)
    return before, account.iam.get_role(RoleName=name)["Role"]["RoleId"]


@pytest.fixture
def team(account: Account) -> str:
    account.cluster()
    role = account.role("team-a")
    account.eks.create_access_entry(clusterName="platform", principalArn=role, kubernetesGroups=["team-a"])
    return role


def test_access_entry_of_a_role_that_was_made_again_lets_nobody_in(account: Account, team: str) -> None:
    before, after = made_again(account, "team-a")
    status = review(account.emulator, token(account.session(team)))
    assert status["authenticated"] is False
    assert before in status["error"]
    assert after in status["error"]
    account.eks.delete_access_entry(clusterName="platform", principalArn=team)
    account.eks.create_access_entry(clusterName="platform", principalArn=team, kubernetesGroups=["team-a"])
    assert review(account.emulator, token(account.session(team)))["authenticated"] is True


def test_sessions_of_a_deleted_role_end_with_it(account: Account, team: str) -> None:
    session = account.session(team)
    made_again(account, "team-a")
    account.eks.delete_access_entry(clusterName="platform", principalArn=team)
    account.eks.create_access_entry(clusterName="platform", principalArn=team, kubernetesGroups=["team-a"])
    assert "of a role that was deleted" in review(account.emulator, token(session))["error"]


def test_trust_in_a_deleted_principal_shows_its_unique_id_and_lets_nobody_in(account: Account) -> None:
    other, person = account.role("other"), account.role("person")
    account.iam.create_role(RoleName="admin", AssumeRolePolicyDocument=trust(other, person))
    admin = "arn:aws:iam::123456789012:role/admin"
    sts = account.emulator.client("sts", **account.session(person))
    assert sts.assume_role(RoleArn=admin, RoleSessionName="pat")["AssumedRoleUser"]["Arn"].endswith("/admin/pat")
    before, _ = made_again(account, "person")
    assert trusted(account, "admin") == [other, before]
    with pytest.raises(ClientError) as refused:
        account.emulator.client("sts", **account.session(person)).assume_role(RoleArn=admin, RoleSessionName="pat")
    assert answer(refused)[0] == "AccessDenied"
    account.iam.update_assume_role_policy(RoleName="admin", PolicyDocument=trust(other, person))
    account.emulator.client("sts", **account.session(person)).assume_role(RoleArn=admin, RoleSessionName="pat")


def test_trust_in_the_account_outlives_its_roles(account: Account) -> None:
    person = account.role("person")
    account.iam.create_role(RoleName="admin", AssumeRolePolicyDocument=trust(ROOT))
    made_again(account, "person")
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    account.iam.put_role_policy(RoleName="person", PolicyName="enter", PolicyDocument=document(statement))
    sts = account.emulator.client("sts", **account.session(person))
    sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/admin", RoleSessionName="pat")


def test_policies_of_buckets_and_keys_show_the_unique_id_of_a_deleted_user(account: Account) -> None:
    user = account.iam.create_user(UserName="robot")["User"]
    statement = {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kms, s3 = account.emulator.client("kms"), account.emulator.client("s3")
    key = kms.create_key(Policy=document)["KeyMetadata"]["KeyId"]
    s3.create_bucket(Bucket="tenants")
    s3.put_bucket_policy(Bucket="tenants", Policy=document)
    account.iam.delete_user(UserName="robot")
    policies = [
        kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
        s3.get_bucket_policy(Bucket="tenants")["Policy"],
    ]
    assert [json.loads(text)["Statement"][0]["Principal"] for text in policies] == [{"AWS": user["UserId"]}] * 2


def test_unique_ids_and_what_was_rewritten_survive_a_restart(tmp_path: Path) -> None:
    def facts(account: Account) -> tuple[Any, ...]:
        person = account.iam.get_role(RoleName="person")["Role"]["RoleId"]
        session = token(account.session("arn:aws:iam::123456789012:role/person"))
        return person, trusted(account, "admin"), review(account.emulator, session)["authenticated"]

    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        account.cluster()
        account.iam.create_role(RoleName="admin", AssumeRolePolicyDocument=trust(account.role("person")))
        account.eks.create_access_entry(
            clusterName="platform", principalArn="arn:aws:iam::123456789012:role/person", kubernetesGroups=["a"]
        )
        made_again(account, "person")
        before = facts(account)
        emulator.kill()
    with running_emulator(tmp_path) as emulator:
        assert emulator.health()["diverged"] == []
        assert facts(Account(emulator)) == before
    assert before[2] is False
