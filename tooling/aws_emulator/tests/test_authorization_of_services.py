"""Secrets Manager, ECR, KMS, logs, EKS, STS and IAM answer as IAM decides, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tooling.aws_emulator.tests.conftest import Account, answer, document

pytestmark = pytest.mark.process

HERE = "us-east-1:123456789012"
WHO = "User: arn:aws:sts::123456789012:assumed-role/team/alice is not authorized to perform:"


def denied(call: Callable[[], Any]) -> tuple[str, str]:
    """Code and what follows the caller in the message."""
    with pytest.raises(ClientError) as error:
        call()
    code, message, _ = answer(error)
    assert message.startswith(WHO), message
    return code, message.removeprefix(f"{WHO} ")


def no_identity(action: str, resource: str) -> str:
    return f"{action} on resource: {resource} because no identity-based policy allows the {action} action"


def as_team(account: Account, service: str) -> Any:
    return account.emulator.client(service, **account.session("arn:aws:iam::123456789012:role/team"))


def test_secrets_are_read_by_their_names_beginning_and_by_their_own_policy(account: Account) -> None:
    owner = account.emulator.client("secretsmanager")
    arns = {name: owner.create_secret(Name=name, SecretString=name)["ARN"] for name in ("a/db", "ab/db", "b/db")}
    account.may("team", "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:a/*")
    team = as_team(account, "secretsmanager")
    for name in ("a/db", arns["a/db"]):
        assert team.get_secret_value(SecretId=name)["SecretString"] == "a/db"
    for name in ("ab/db", "b/db", arns["b/db"]):
        code, said = denied(lambda name=name: team.get_secret_value(SecretId=name))
        assert code == "AccessDeniedException"
        assert said == no_identity("secretsmanager:GetSecretValue", arns.get(name, name))
    assert denied(lambda: team.put_secret_value(SecretId="a/db", SecretString="x"))[0] == "AccessDeniedException"
    assert denied(team.list_secrets)[1] == no_identity("secretsmanager:ListSecrets", "*")
    batch = {"SecretIdList": ["a/db", "b/db"]}
    assert denied(lambda: team.batch_get_secret_value(**batch))[0] == "AccessDeniedException"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/team"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    owner.put_resource_policy(SecretId="b/db", ResourcePolicy=document(statement))
    assert team.get_secret_value(SecretId="b/db")["SecretString"] == "b/db"


def test_images_are_pushed_to_and_pulled_from_own_repositories_alone(account: Account) -> None:
    owner = account.emulator.client("ecr")
    for name in ("a/demo", "b/demo"):
        owner.create_repository(repositoryName=name)
    account.may(
        "team", ["ecr:PutImage", "ecr:BatchGetImage", "ecr:DescribeImages"], f"arn:aws:ecr:{HERE}:repository/a/*"
    )
    team = as_team(account, "ecr")
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"})
    team.put_image(repositoryName="a/demo", imageManifest=manifest, imageTag="v1")
    assert team.describe_images(repositoryName="a/demo")["imageDetails"]
    other = f"arn:aws:ecr:{HERE}:repository/b/demo"
    for call, action in (
        (lambda: team.put_image(repositoryName="b/demo", imageManifest="{}", imageTag="v1"), "ecr:PutImage"),
        (lambda: team.batch_get_image(repositoryName="b/demo", imageIds=[{"imageTag": "v1"}]), "ecr:BatchGetImage"),
        (lambda: team.delete_repository(repositoryName="b/demo"), "ecr:DeleteRepository"),
        (lambda: team.set_repository_policy(repositoryName="b/demo", policyText="{}"), "ecr:SetRepositoryPolicy"),
    ):
        assert denied(call) == ("AccessDeniedException", no_identity(action, other))
    assert denied(team.get_authorization_token)[1] == no_identity("ecr:GetAuthorizationToken", "*")
    assert denied(team.describe_repositories)[1] == no_identity(
        "ecr:DescribeRepositories", f"arn:aws:ecr:{HERE}:repository/*"
    )


def test_a_key_is_used_as_its_own_policy_and_the_encryption_context_say(account: Account) -> None:
    owner = account.emulator.client("kms")
    role = account.role("team")
    use = {
        "Effect": "Allow",
        "Principal": {"AWS": role},
        "Action": ["kms:Encrypt", "kms:Decrypt"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:EncryptionContext:stack": "demo/dev"}},
    }
    key = owner.create_key(Policy=document(use))["KeyMetadata"]
    foreign = owner.create_key()["KeyMetadata"]
    team = as_team(account, "kms")
    sealed = team.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"stack": "demo/dev"})["CiphertextBlob"]
    assert team.decrypt(CiphertextBlob=sealed, EncryptionContext={"stack": "demo/dev"})["Plaintext"] == b"x"
    for context in ({}, {"stack": "demo/prod"}):
        code, said = denied(lambda context=context: team.decrypt(CiphertextBlob=sealed, EncryptionContext=context))
        assert (code, said) == ("AccessDeniedException", no_identity("kms:Decrypt", key["Arn"]))
    theirs = owner.encrypt(KeyId=foreign["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    # The ciphertext's key counts, not the one that the request names.
    assert denied(lambda: team.decrypt(CiphertextBlob=theirs, KeyId=key["KeyId"]))[1] == no_identity(
        "kms:Decrypt", foreign["Arn"]
    )
    assert denied(lambda: team.schedule_key_deletion(KeyId=key["KeyId"]))[0] == "AccessDeniedException"


def test_a_key_that_leaves_it_to_the_account_is_used_by_whom_identity_policies_allow(account: Account) -> None:
    owner = account.emulator.client("kms")
    key = owner.create_key()["KeyMetadata"]
    owner.create_alias(AliasName="alias/states", TargetKeyId=key["KeyId"])
    account.role("team")
    team = as_team(account, "kms")
    assert denied(lambda: team.encrypt(KeyId="alias/states", Plaintext=b"x"))[1] == no_identity(
        "kms:Encrypt", key["Arn"]
    )
    statement = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": key["Arn"]}
    account.iam.put_role_policy(RoleName="team", PolicyName="use", PolicyDocument=document(statement))
    assert team.encrypt(KeyId="alias/states", Plaintext=b"x")["KeyId"] == key["Arn"]


def test_logs_are_written_to_own_groups_alone(account: Account) -> None:
    owner = account.emulator.client("logs")
    for name in ("/eks/a", "/eks/b"):
        owner.create_log_group(logGroupName=name)
    account.may("team", ["logs:CreateLogStream", "logs:PutLogEvents"], f"arn:aws:logs:{HERE}:log-group:/eks/a:*")
    team = as_team(account, "logs")
    events = [{"timestamp": 1_700_000_000_000, "message": "x"}]
    team.create_log_stream(logGroupName="/eks/a", logStreamName="s")
    assert denied(lambda: team.create_log_stream(logGroupName="/eks/b", logStreamName="s"))[1] == no_identity(
        "logs:CreateLogStream", f"arn:aws:logs:{HERE}:log-group:/eks/b:log-stream:s"
    )
    assert denied(lambda: team.put_log_events(logGroupName="/eks/b", logStreamName="s", logEvents=events))[
        1
    ] == no_identity("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:/eks/b:log-stream:s")
    for call in (
        lambda: team.get_log_events(logGroupName="/eks/a", logStreamName="s"),
        lambda: team.filter_log_events(logGroupName="/eks/b"),
        lambda: team.delete_log_group(logGroupName="/eks/a"),
        team.describe_log_groups,
    ):
        assert denied(call)[0] == "AccessDeniedException"


def test_a_cluster_is_described_and_not_changed_and_no_role_is_passed(account: Account) -> None:
    account.cluster()
    node = account.role("node")
    cluster = f"arn:aws:eks:{HERE}:cluster/platform"
    account.may("team", ["eks:DescribeCluster", "eks:CreateNodegroup"], cluster)
    team = as_team(account, "eks")
    assert team.describe_cluster(name="platform")["cluster"]["arn"] == cluster
    entry = {"clusterName": "platform", "principalArn": "arn:aws:iam::123456789012:role/team"}
    assert denied(lambda: team.create_access_entry(**entry)) == (
        "AccessDeniedException",
        no_identity("eks:CreateAccessEntry", cluster),
    )
    assert denied(team.list_clusters)[1] == no_identity("eks:ListClusters", "*")
    assert denied(
        lambda: team.create_nodegroup(
            clusterName="platform", nodegroupName="mine", nodeRole=node, subnets=account.network()
        )
    )[1] == no_identity("iam:PassRole", node)
    assert account.eks.list_nodegroups(clusterName="platform")["nodegroups"] == []


def test_a_role_changes_nothing_of_itself_and_assumes_whom_it_may(account: Account) -> None:
    team_role = account.may("team", "sts:AssumeRole", "arn:aws:iam::123456789012:role/open")
    root = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": ["sts:AssumeRole"]}
    for name in ("open", "closed"):
        account.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(root))
    iam, sts = as_team(account, "iam"), as_team(account, "sts")
    everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    for call, action in (
        (lambda: iam.put_role_policy(RoleName="team", PolicyName="x", PolicyDocument=everything), "iam:PutRolePolicy"),
        (lambda: iam.delete_role_permissions_boundary(RoleName="team"), "iam:DeleteRolePermissionsBoundary"),
        (
            lambda: iam.update_assume_role_policy(RoleName="team", PolicyDocument=document(root)),
            "iam:UpdateAssumeRolePolicy",
        ),
        (
            lambda: iam.attach_role_policy(RoleName="team", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
            "iam:AttachRolePolicy",
        ),
    ):
        assert denied(call) == ("AccessDenied", no_identity(action, team_role))
    sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/open", RoleSessionName="team")
    for name in ("closed", "nobody"):
        arn = f"arn:aws:iam::123456789012:role/{name}"
        assert denied(lambda arn=arn: sts.assume_role(RoleArn=arn, RoleSessionName="team")) == (
            "AccessDenied",
            no_identity("sts:AssumeRole", arn),
        )
    tagged = {"RoleArn": "arn:aws:iam::123456789012:role/open", "RoleSessionName": "team"}
    assert denied(lambda: sts.assume_role(**tagged, Tags=[{"Key": "team", "Value": "b"}]))[0] == "AccessDenied"


def test_of_a_service_without_known_resources_only_the_certain_is_answered(account: Account) -> None:
    account.may("team", "ec2:DescribeVpcs")
    ec2 = as_team(account, "ec2")
    assert ec2.describe_vpcs()["Vpcs"]
    with pytest.raises(ClientError) as refused:
        ec2.describe_subnets()
    assert answer(refused)[0] == "UnauthorizedOperation"
    statement = {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": f"arn:aws:ec2:{HERE}:vpc/*"}
    account.iam.put_role_policy(RoleName="team", PolicyName="tags", PolicyDocument=document(statement))
    with pytest.raises(ClientError) as refused:
        ec2.create_tags(Resources=["vpc-1"], Tags=[{"Key": "a", "Value": "b"}])
    assert answer(refused)[0] == "NotModelledByLocalLane"
