"""The account survives `kill -9`: same ids, same dates, same answers."""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.errors import PlatformError
from tooling.aws_emulator.inventory import inventory
from tooling.aws_emulator.journal import Entry, Journal
from tooling.aws_emulator.testing import REGION, Emulator, running_emulator
from tooling.aws_emulator.tests.conftest import TRUST, Account, document, emptied
from tooling.aws_emulator.tests.tokens import review, token

pytestmark = pytest.mark.process


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "journal.jsonl").read_text().splitlines()]


def everything(emulator: Emulator) -> str:
    """All that a program reads back, dates included."""
    ec2, iam, eks, kms, s3 = (emulator.client(name) for name in ("ec2", "iam", "eks", "kms", "s3"))
    autoscaling, logs = emulator.client("autoscaling"), emulator.client("logs")
    which = {"clusterName": "platform"}
    facts = [
        ec2.describe_vpcs()["Vpcs"],
        ec2.describe_subnets()["Subnets"],
        ec2.describe_security_groups()["SecurityGroups"],
        ec2.describe_instances()["Reservations"],
        ec2.describe_launch_templates()["LaunchTemplates"],
        iam.list_roles()["Roles"],
        iam.list_users()["Users"],
        kms.list_keys()["Keys"],
        kms.list_aliases()["Aliases"],
        s3.list_buckets()["Buckets"],
        s3.get_object(Bucket="things", Key="päth/ä b")["Body"].read().decode(),
        s3.head_object(Bucket="things", Key="päth/ä b")["Metadata"],
        logs.describe_log_groups()["logGroups"],
        autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"],
        eks.describe_cluster(name="platform")["cluster"],
        eks.describe_nodegroup(nodegroupName="main", **which)["nodegroup"],
        eks.describe_addon(addonName="coredns", **which)["addon"],
        eks.list_access_entries(**which)["accessEntries"],
        eks.list_pod_identity_associations(**which)["associations"],
    ]
    return json.dumps(facts, default=str, sort_keys=True, indent=1)


def furnish(emulator: Emulator) -> dict[str, str]:
    """Something of every protocol; returns credentials made on the way."""
    account = Account(emulator)
    # Looked at first, so that the account's backends were made by requests that are not journalled.
    inventory(emulator.endpoint_url, REGION)
    account.cluster()
    account.nodegroup()
    account.eks.create_addon(clusterName="platform", addonName="coredns")
    account.eks.create_pod_identity_association(
        clusterName="platform", namespace="a", serviceAccount="b", roleArn=account.role("pod")
    )
    team = account.role("team-a")
    account.eks.create_access_entry(clusterName="platform", principalArn=team, kubernetesGroups=["team-a"])
    kms = emulator.client("kms")
    key = kms.create_key(Description="key")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/things", TargetKeyId=key)
    kms.describe_key(KeyId="alias/aws/ebs")
    emulator.client("logs").create_log_group(logGroupName="/aws/eks/platform/cluster")
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="things")
    s3.put_object(Bucket="things", Key="päth/ä b", Body="inhalt".encode("utf-16"), Metadata={"a_b": "c"})
    s3.put_object(Bucket="things", Key="päth/ä b", Body="wörter".encode(), Metadata={"a_b": "c"})
    account.eks.update_nodegroup_config(
        clusterName="platform", nodegroupName="main", scalingConfig={"minSize": 1, "maxSize": 6, "desiredSize": 2}
    )
    account.iam.create_user(UserName="carol")
    issued = account.iam.create_access_key(UserName="carol")["AccessKey"]
    return {"aws_access_key_id": issued["AccessKeyId"], "aws_secret_access_key": issued["SecretAccessKey"]}


def test_account_is_the_same_after_kill_9(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as emulator:
        issued = furnish(emulator)
        ciphertext = emulator.client("kms").encrypt(KeyId="alias/things", Plaintext=b"secret")["CiphertextBlob"]
        before, listed = everything(emulator), inventory(emulator.endpoint_url, REGION)
        emulator.kill()
    with running_emulator(tmp_path) as emulator:
        health = emulator.health()
        assert (health["state"], health["diverged"], health["dropped_line"]) == ("ready", [], False)
        assert health["replayed"] == len(lines(tmp_path)) - 1
        assert everything(emulator) == before
        assert inventory(emulator.endpoint_url, REGION) == listed
        assert emulator.client("kms").decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"secret"
        assert "no access entry for arn:aws:iam::123456789012:user/carol" in review(emulator, token(issued))["error"]
        # And once more, from a journal that two processes wrote.
        Account(emulator).iam.create_role(RoleName="later", AssumeRolePolicyDocument=TRUST)
        before = everything(emulator)
        emulator.kill()
    with running_emulator(tmp_path) as emulator:
        assert everything(emulator) == before


def test_requests_side_by_side_replay_to_the_same_ids(tmp_path: Path) -> None:
    def vpc(index: int) -> str:
        client = clients[index % len(clients)]
        client.describe_vpcs()
        made = client.create_vpc(CidrBlock=f"10.{index}.0.0/16")["Vpc"]["VpcId"]
        client.create_subnet(VpcId=made, CidrBlock=f"10.{index}.1.0/24")
        return made

    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        roles = [account.may(f"deployer-{index}") for index in range(4)]
        clients = [emulator.client("ec2", **account.session(role)) for role in roles]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            made = set(pool.map(vpc, range(12)))
        before = inventory(emulator.endpoint_url, REGION)
        emulator.kill()
    assert len(made) == 12
    with running_emulator(tmp_path) as emulator:
        assert inventory(emulator.endpoint_url, REGION) == before


def test_what_another_account_made_is_there_again(tmp_path: Path) -> None:
    other = "arn:aws:iam::222222222222:role/deployer"
    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        iam = account.of_account("222222222222", "iam")
        iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=TRUST)
        everything_allowed = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
        iam.put_role_policy(RoleName="deployer", PolicyName="all", PolicyDocument=everything_allowed)
        session = account.session(other)
        made = emulator.client("ec2", **session).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        emulator.kill()
    with running_emulator(tmp_path) as emulator:
        session = Account(emulator).session(other)
        vpcs = emulator.client("ec2", **session).describe_vpcs(VpcIds=[made])["Vpcs"]
        assert vpcs[0]["OwnerId"] == "222222222222"
        with pytest.raises(ClientError, match="does not exist"):
            emulator.client("ec2").describe_vpcs(VpcIds=[made])


def test_what_aws_made_is_the_same_whoever_looks_first(tmp_path: Path) -> None:
    """Here a read, which is not journalled, has it made; after the restart a request that is replayed."""

    def drawn(emulator: Emulator) -> list[str]:
        (image,) = emulator.client("ec2").describe_images(ImageIds=["ami-03cf127a"])["Images"]
        policies = [emulator.client("iam").get_policy(PolicyArn=arn)["Policy"]["PolicyId"] for arn in arns]
        return [image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"], *policies]

    arns = ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    with running_emulator(tmp_path) as emulator:
        drawn(emulator)
        made = emulator.client("iam").create_policy(PolicyName="own", PolicyDocument=json.dumps(document))
        arns.append(made["Policy"]["Arn"])
        before = drawn(emulator)
        emulator.kill()
    with running_emulator(tmp_path) as emulator:
        assert drawn(emulator) == before


def test_session_after_a_restart_never_has_the_key_of_one_before(tmp_path: Path) -> None:
    """With the generator seeded for the journal alone, both were handed the same access key, and a token of the first
    passed for the second's role."""
    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        role = account.role("team-a")
        first = account.session(role)["aws_access_key_id"]
        emulator.kill()
    with running_emulator(tmp_path) as emulator:
        assert Account(emulator).session(role)["aws_access_key_id"] != first


def test_creator_of_a_cluster_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        deployer, control_plane = account.may("deployer"), account.role("control-plane")
        emulator.client("eks", **account.session(deployer)).create_cluster(
            name="platform",
            roleArn=control_plane,
            resourcesVpcConfig={"subnetIds": account.network()},
            accessConfig={"authenticationMode": "API"},
        )
        emulator.kill()
    with running_emulator(tmp_path) as emulator:
        entries = emulator.client("eks").list_access_entries(clusterName="platform")["accessEntries"]
        assert entries == [deployer]


def test_reads_and_sessions_are_not_journalled(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        role = account.role("team-a")
        before = lines(tmp_path)
        account.session(role)
        account.sts.get_caller_identity()
        account.ec2.describe_vpcs()
        account.iam.list_roles()
        account.eks.list_clusters()
        emulator.client("s3").list_buckets()
        emulator.client("logs").describe_log_groups()
        assert lines(tmp_path) == before


def test_journal_is_for_its_owner_and_holds_no_credential(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        session = account.session(account.may("deployer"))
        emulator.client("ec2", **session).create_vpc(CidrBlock="10.0.0.0/16")
        text = (tmp_path / "journal.jsonl").read_text() + (tmp_path / "emulator.log").read_text()
        mode = (tmp_path / "journal.jsonl").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert session["aws_session_token"] not in text
    assert session["aws_secret_access_key"] not in text
    assert "Signature=" not in text


def test_line_that_was_cut_short_is_dropped_and_said(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        account.role("kept")
        account.role("cut")
        emulator.kill()
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    with running_emulator(tmp_path) as emulator:
        assert emulator.health()["dropped_line"] is True
        iam = emulator.client("iam")
        assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["kept"]
        iam.create_role(RoleName="next", AssumeRolePolicyDocument=TRUST)
        emulator.kill()
    assert "cut short" in (tmp_path / "emulator.log").read_text()
    with running_emulator(tmp_path) as emulator:
        assert {role["RoleName"] for role in emulator.client("iam").list_roles()["Roles"]} == {"kept", "next"}


def test_reset_begins_a_new_journal_with_other_ids(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as emulator:
        ec2 = emulator.client("ec2")
        first = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        emptied(emulator)
        assert len(lines(tmp_path)) == 1
        second = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        assert first != second
        emulator.kill()
    with running_emulator(tmp_path) as emulator:
        own = [item["id"] for item in inventory(emulator.endpoint_url, REGION) if item["kind"] == "vpc"]
        assert own == [second]


ENTRY = Entry(
    number=1,
    at="2026-01-01T00:00:00+00:00",
    method="POST",
    target="/",
    headers={},
    body=b"Action=CreateVpc",
    account="123456789012",
    caller="arn:aws:iam::123456789012:root",
    status=200,
)


def test_a_line_waits_for_room_and_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, write, asked = Journal(tmp_path / "journal", moto_version="1"), os.write, 0

    def on_a_full_disk(descriptor: int, data: Any) -> int:
        nonlocal asked
        asked += 1
        if asked == 1:
            return write(descriptor, data[:10])
        if asked < 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", on_a_full_disk)
        journal.append(ENTRY)
    journal.close()
    assert asked == 4
    with contextlib.closing(Journal(tmp_path / "journal", moto_version="1")) as again:
        assert again.entries == [ENTRY]


def test_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal", moto_version="1")
    monkeypatch.setattr("tooling.aws_emulator.journal._ROOM_SECONDS", 0.1)

    def on_a_full_disk(descriptor: int, data: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with contextlib.closing(journal), monkeypatch.context() as patch:
        patch.setattr(os, "write", on_a_full_disk)
        with pytest.raises(OSError, match="No space left"):
            journal.append(ENTRY)


def test_second_emulator_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(PlatformError, match="another emulated AWS keeps this journal")
    with running_emulator(tmp_path), refused, running_emulator(tmp_path):
        pass


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda text: text.replace('"moto": "', '"moto": "0.'), "journal-of-another-version"),
        (lambda text: text.replace('{"number":1,', "{", 1).replace('"at"', "at", 1), "journal-damaged"),
    ],
    ids=["other-moto", "damaged-line"],
)
def test_journal_that_cannot_be_trusted_is_refused(tmp_path: Path, damage: Any, code: str) -> None:
    with running_emulator(tmp_path) as emulator:
        account = Account(emulator)
        account.role("one")
        account.role("two")
    journal = tmp_path / "journal.jsonl"
    journal.write_text(damage(journal.read_text()))
    with pytest.raises(PlatformError, match=rf"error\[{code}\]") as refused, running_emulator(tmp_path):
        pass
    assert "hint: tiers local reset" in refused.value.what
