"""The audit against the emulated AWS: finds by tag, leaves everybody else's things alone, removes only on request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.environment import load_environment
from shared.errors import Refused
from shared.tags import standard_tags
from tooling.audit.account import Account, identities
from tooling.audit.ownership import Ours
from tooling.aws_emulator.testing import ACCOUNT, Emulator, running_emulator
from tooling.aws_types.table import AUDITED
from tooling.lane.binaries import search_path
from tooling.lane.environments import washed
from tooling.paths import REPOSITORY

CLUSTER = "eks-cluster-dev"
OURS = standard_tags(load_environment("dev"), project="infrastructure")
OF_THE_CLUSTER = {f"kubernetes.io/cluster/{CLUSTER}": "owned"}
OTHERS = {**OURS, "environment": "prod", "environment_suffix": "prod"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}]}
)


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclass(frozen=True)
class Left:
    """What a failed destroy left, and twins beside it that bear the same names."""

    ours: set[tuple[str, str]]
    removable: set[tuple[str, str]]
    others: set[str]


class Maker:
    """Makes things in the emulated account with whatever tags."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        ec2 = emulator.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"us-east-1{zone}")[
                "Subnet"
            ]["SubnetId"]
            for i, zone in enumerate("ab")
        ]

    def group(self, name: str, tags: dict[str, str]) -> str:
        return self._emulator.client("ec2").create_security_group(
            GroupName=name,
            Description=name,
            VpcId=self.vpc,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": pairs(tags)}] if tags else [],
        )["GroupId"]

    def interface(self, tags: dict[str, str], *, description: str = "") -> str:
        tagged = [{"ResourceType": "network-interface", "Tags": pairs(tags)}] if tags else []
        return self._emulator.client("ec2").create_network_interface(
            SubnetId=self.subnets[0], Description=description, TagSpecifications=tagged
        )["NetworkInterface"]["NetworkInterfaceId"]

    def volume(self, tags: dict[str, str]) -> str:
        return self._emulator.client("ec2").create_volume(
            AvailabilityZone="us-east-1a", Size=1, TagSpecifications=[{"ResourceType": "volume", "Tags": pairs(tags)}]
        )["VolumeId"]

    def balancer(self, name: str, tags: dict[str, str]) -> str:
        return self._emulator.client("elbv2").create_load_balancer(Name=name, Subnets=self.subnets, Tags=pairs(tags))[
            "LoadBalancers"
        ][0]["LoadBalancerArn"]

    def classic_balancer(self, name: str, tags: dict[str, str]) -> str:
        listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 30080}
        self._emulator.client("elb").create_load_balancer(
            LoadBalancerName=name, Listeners=[listener], Subnets=self.subnets, Tags=pairs(tags)
        )
        return name

    def target_group(self, name: str, tags: dict[str, str]) -> str:
        return self._emulator.client("elbv2").create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, Tags=pairs(tags)
        )["TargetGroups"][0]["TargetGroupArn"]

    def log_group(self, name: str, tags: dict[str, str]) -> str:
        self._emulator.client("logs").create_log_group(logGroupName=name, tags=tags)
        return name

    def oidc(self, url: str, tags: dict[str, str]) -> str:
        return self._emulator.client("iam").create_open_id_connect_provider(
            Url=url, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40], Tags=pairs(tags)
        )["OpenIDConnectProviderArn"]

    def role(self, name: str, tags: dict[str, str]) -> str:
        iam = self._emulator.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=pairs(tags))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=POLICY)
        policy = iam.create_policy(PolicyName=f"{name}-extra", PolicyDocument=POLICY)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
        return arn

    def repository(self, name: str, tags: dict[str, str]) -> str:
        made = self._emulator.client("ecr").create_repository(repositoryName=name, tags=pairs(tags))
        return made["repository"]["repositoryArn"]

    def bucket(self, name: str, tags: dict[str, str]) -> str:
        s3 = self._emulator.client("s3")
        s3.create_bucket(Bucket=name)
        if tags:
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(tags)})
        return name


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="module")
def seen_only(emulator: Emulator) -> Left:
    """For tests that change nothing, which come before those that do."""
    emulator.empty()
    return leave(emulator)


@pytest.fixture
def left(emulator: Emulator) -> Left:
    emulator.empty()
    return leave(emulator)


def leave(emulator: Emulator) -> Left:
    make = Maker(emulator)
    removable = {
        ("security-group", make.group("eks-general-nodes-dev", OURS)),
        ("security-group", make.group("eks-cluster-sg-dev", {"aws:eks:cluster-name": CLUSTER} | OF_THE_CLUSTER)),
        ("network-interface", make.interface({"cluster.k8s.amazonaws.com/name": CLUSTER})),
        ("volume", make.volume({**OF_THE_CLUSTER, "ebs.csi.aws.com/cluster": "true"})),
        ("load-balancer", make.balancer("k8s-tenant-a-web", {"elbv2.k8s.aws/cluster": CLUSTER})),
        ("target-group", make.target_group("k8s-tenant-a-web", {"elbv2.k8s.aws/cluster": CLUSTER})),
        ("log-group", make.log_group(f"/aws/eks/{CLUSTER}/cluster", OURS)),
        ("oidc-provider", make.oidc("https://oidc.eks.us-east-1.amazonaws.com/id/OURS", OURS)),
        ("classic-load-balancer", make.classic_balancer("a1b2c3", OF_THE_CLUSTER)),
        # AWS services create these, and tag nothing.
        ("log-group", make.log_group(f"/aws/containerinsights/{CLUSTER}/performance", {})),
        ("security-group", make.group(f"eks-cluster-sg-{CLUSTER}-1234567890", {})),
        ("network-interface", make.interface({}, description=f"Amazon EKS {CLUSTER}")),
        ("role", make.role("eks-node-role-dev", OURS)),
    }
    kept = {
        ("bucket", make.bucket("eks-tenant-data-dev", OURS)),
        ("repository", make.repository("tenant-a/demo-dev", OURS)),
    }
    others = {
        make.group("eks-general-nodes-dev-2", {}),
        make.group("eks-general-nodes-prod", OTHERS),
        make.interface({"cluster.k8s.amazonaws.com/name": f"{CLUSTER}-2"}),
        make.volume({"kubernetes.io/cluster/eks-cluster-prod": "owned"}),
        make.volume({f"kubernetes.io/cluster/{CLUSTER}": "shared"}),
        make.balancer("k8s-tenant-a-other", {"elbv2.k8s.aws/cluster": "eks-cluster-prod"}),
        make.target_group("k8s-tenant-a-other", OTHERS),
        make.classic_balancer("d4e5f6", {"kubernetes.io/cluster/eks-cluster-prod": "owned"}),
        make.log_group(f"/aws/eks/{CLUSTER}/cluster-2", {}),
        make.log_group(f"/aws/eks/{CLUSTER}-2/cluster", {}),
        make.log_group(f"/aws/containerinsights/{CLUSTER}-2/performance", {}),
        make.log_group(f"/aws/containerinsights/{CLUSTER}/host", OTHERS),
        make.group(f"eks-cluster-sg-{CLUSTER}-2-1234567890", {}),
        make.interface({}, description=f"Amazon EKS {CLUSTER}-2"),
        make.oidc("https://oidc.eks.us-east-1.amazonaws.com/id/THEIRS", OTHERS),
        make.role("eks-node-role-dev-of-another-team", {"environment": "dev", "environment_suffix": "dev"}),
        make.bucket("eks-tenant-data-dev-backup", {}),
        make.repository("tenant-a/demo-prod", OTHERS),
    }
    return Left(removable | kept, removable, others)


@pytest.fixture
def account(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in variables(emulator).items():
        monkeypatch.setenv(name, value)

    def seen(*, in_state: set[str] | None = None, cluster_lives: bool = False) -> Account:
        return Account(load_environment("dev"), in_state=in_state or set(), cluster_lives=cluster_lives)

    return seen


def variables(emulator: Emulator) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": emulator.endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PLATFORM_ACCOUNT_ID": ACCOUNT,
    }


def everything(emulator: Emulator) -> set[str]:
    return {
        str(thing[listing.identity])
        for listing in AUDITED
        for thing in listing.things(emulator.client(listing.service))
    }


def test_what_is_ours_by_tag_is_found_and_nothing_else_whatever_its_name(seen_only: Left, account: Any) -> None:
    found = account().left()
    assert {(finding.kind, finding.id) for finding in found} == seen_only.ours
    assert {(finding.kind, finding.id) for finding in found if finding.removable} == seen_only.removable
    makers = {finding.kind: finding.maker for finding in found}
    assert (makers["role"], makers["load-balancer"], makers["network-interface"]) == ("stacks", "cluster", "cluster")


def test_looking_changes_nothing(seen_only: Left, account: Any, emulator: Emulator) -> None:
    before = everything(emulator)
    account().left()
    assert everything(emulator) == before


def test_what_a_stack_holds_is_not_left(seen_only: Left, account: Any) -> None:
    role = next(identity for kind, identity in seen_only.ours if kind == "role")
    group = next(identity for kind, identity in seen_only.ours if kind == "log-group")
    state = identities([{"resources": [{"id": group}, {"id": "x", "outputs": {"arn": role}}, {"type": "component"}]}])
    found = {finding.id for finding in account(in_state=state).left()}
    assert not found & {role, group}
    assert found


def test_what_a_living_cluster_made_is_not_left(seen_only: Left, account: Any) -> None:
    assert {finding.maker for finding in account(cluster_lives=True).left()} == {"stacks"}


def test_removal_takes_what_was_found_and_leaves_the_twins(left: Left, account: Any, emulator: Emulator) -> None:
    seen = account()
    found = seen.left()
    assert {refusal for _, refusal in seen.remove(found)} == {""}
    assert {(finding.kind, finding.id) for finding in seen.left()} == left.ours - left.removable
    assert left.others <= everything(emulator)


def test_what_is_no_longer_ours_when_it_comes_to_removing_is_left_alone(
    left: Left, account: Any, emulator: Emulator
) -> None:
    seen = account()
    found = seen.left()
    volume = next(finding.id for finding in found if finding.kind == "volume")
    emulator.client("ec2").delete_tags(Resources=[volume], Tags=[{"Key": key} for key in OF_THE_CLUSTER])
    removed = {finding.id for finding, _ in seen.remove(found)}
    assert volume not in removed
    assert volume in everything(emulator)


def test_a_refusal_of_aws_is_told_and_stops_nothing_else(left: Left, account: Any, emulator: Emulator) -> None:
    target = next(identity for kind, identity in left.removable if kind == "target-group")
    theirs = next(identity for identity in left.others if ":loadbalancer/" in identity)
    elbv2 = emulator.client("elbv2")
    forward = [{"Type": "forward", "TargetGroupArn": target}]
    listener = elbv2.create_listener(LoadBalancerArn=theirs, Protocol="HTTP", Port=80, DefaultActions=forward)
    try:
        seen = account()
        refusals = {finding.id: refusal for finding, refusal in seen.remove(seen.left())}
        assert refusals.pop(target).startswith("DeleteTargetGroup: ResourceInUse")
        assert set(refusals.values()) == {""}
        assert ("target-group", target) in {(finding.kind, finding.id) for finding in seen.left()}
    finally:
        elbv2.delete_listener(ListenerArn=listener["Listeners"][0]["ListenerArn"])


def test_credentials_of_another_account_are_refused(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_ACCOUNT_ID", "210987654321")
    with pytest.raises(Refused) as caught:
        account()
    assert caught.value.code == "account-mismatch"


def test_the_cluster_is_looked_for_by_the_name_that_tier_one_gives_it() -> None:
    golden = (REPOSITORY / "infrastructure/tests/golden/dev.yaml").read_text(encoding="utf-8")
    assert f"name: {Ours.of(load_environment('dev')).cluster}\n" in golden


@pytest.mark.engine
def test_the_command_finds_asks_removes_and_refuses_under_living_stacks(
    left: Left, emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    environment = {
        **washed(),
        **variables(emulator),
        "PATH": os.pathsep.join([*search_path(), os.environ["PATH"]]),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "TIERS_LOCAL_DIR": str(tmp_path / "local"),
        "PYTHONPATH": str(REPOSITORY),
        "NO_COLOR": "1",
    }

    def tiers(*arguments: str, expect: int, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", "from tooling.cli.main import main; main()", "audit", "--stack", "dev", *arguments],
            env={**environment, **more},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    found = json.loads(tiers("--json", expect=4).stdout)["left"]
    assert {(item["kind"], item["id"]) for item in found} == left.ours
    assert "error[confirmation-missing]" in tiers("--remove", expect=3).stderr
    assert "error[aws-credentials-missing]" in tiers(expect=2, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="").stderr

    def pulumi(*arguments: str, said: str = "") -> None:
        work = tmp_path / "infrastructure"
        work.mkdir(exist_ok=True)
        (work / "Pulumi.yaml").write_text("name: infrastructure\nruntime: python\n")
        subprocess.run(
            ["pulumi", "--non-interactive", *arguments], cwd=work, env=environment, input=said, text=True, check=True
        )

    pulumi("stack", "init", "dev")
    stack = {"urn": "urn:pulumi:dev::infrastructure::pulumi:pulumi:Stack::infrastructure-dev"}
    living = {"version": 3, "deployment": {"resources": [{**stack, "type": "pulumi:pulumi:Stack", "custom": False}]}}
    pulumi("stack", "import", "--stack", "dev", said=json.dumps(living))
    assert "error[audit-of-living-stacks]" in tiers("--remove", "--yes", expect=3).stderr
    pulumi("stack", "rm", "--force", "--yes", "--stack", "dev")

    after = json.loads(tiers("--remove", "--yes", "--json", expect=4).stdout)["left"]
    assert {(item["kind"], item["id"]) for item in after} == left.ours - left.removable


def test_the_log_group_that_eks_creates_again_is_found_by_its_whole_name(account: Any, emulator: Emulator) -> None:
    emulator.empty()
    make = Maker(emulator)
    again = make.log_group(f"/aws/eks/{CLUSTER}/cluster", {})
    make.log_group(f"/aws/eks/{CLUSTER}-2/cluster", {})
    (finding,) = account().left()
    assert (finding.id, finding.maker, finding.removable) == (again, "cluster", True)
    assert account(cluster_lives=True).left() == []
    assert account(in_state={again}).left() == []
