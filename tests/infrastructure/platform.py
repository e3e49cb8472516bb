"""Tier 1 on a lane of its own, with every optional part: what the tests of this directory share."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import yaml

from tests.chain.clone import Clone
from tests.chain.deployed import Deployment
from tests.infrastructure.runbook import Step
from tooling.lane.state import Lane

CLUSTER = "eks-cluster-local"
STACK = ("infrastructure", "--stack", "local")
_BUCKET_KEY = "alias/tenants"


class Platform:
    """A clone with tier 1 on its lane; AWS and Kubernetes as they answer."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        lane = Lane.load(clone.local)
        assert lane is not None
        self.endpoint = lane.aws_endpoint
        self.operator = lane.operator_key

    @property
    def stack_file(self) -> Path:
        return self.clone.path / "infrastructure/Pulumi.local.yaml"

    def aws(self, service: str) -> Any:
        make: Any = boto3.Session().client
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            **self.operator.arguments(),
        )

    def get(self, *what: str) -> list[dict[str, Any]]:
        return self.clone.kubectl(self.clone.administrator, "get", *what, "-o", "json").document["items"]

    def set(self, **settings: Any) -> None:
        """Writes settings of the tier into its stack file."""
        content = yaml.safe_load(self.stack_file.read_text())
        content["config"] |= {f"infrastructure:{key}": value for key, value in settings.items()}
        self.stack_file.write_text(yaml.safe_dump(content))

    def switch_everything_on(self) -> None:
        """Makes what must exist beforehand unless it does: a restored lane has it."""
        content = yaml.safe_load((Path(__file__).parent / "everything_on.yaml").read_text())
        content["config"] |= {
            "infrastructure:ssh_source_security_group_ids": [self.bastion],
            "infrastructure:bucket_key_arn": self.bucket_key,
        }
        self.stack_file.write_text(yaml.safe_dump(content))

    def switch_everything_off(self) -> None:
        """The settings that are committed."""
        self.clone.git("checkout", "--", "infrastructure/Pulumi.local.yaml")

    @cached_property
    def bastion(self) -> str:
        """The group that SSH comes from, by id."""
        ec2 = self.aws("ec2")
        found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["bastion"]}])["SecurityGroups"]
        if found:
            return found[0]["GroupId"]
        default = {"Name": "is-default", "Values": ["true"]}
        vpc = ec2.describe_vpcs(Filters=[default])["Vpcs"][0]["VpcId"]
        return ec2.create_security_group(GroupName="bastion", Description="people", VpcId=vpc)["GroupId"]

    @cached_property
    def bucket_key(self) -> str:
        """The key of the tenants' bucket, by ARN."""
        kms = self.aws("kms")
        found = [alias for alias in kms.list_aliases()["Aliases"] if alias["AliasName"] == _BUCKET_KEY]
        if found:
            return kms.describe_key(KeyId=found[0]["TargetKeyId"])["KeyMetadata"]["Arn"]
        key = kms.create_key()["KeyMetadata"]
        kms.create_alias(AliasName=_BUCKET_KEY, TargetKeyId=key["KeyId"])
        return key["Arn"]

    def remove_what_existed_beforehand(self) -> None:
        self.aws("ec2").delete_security_group(GroupId=self.bastion)
        kms = self.aws("kms")
        kms.delete_alias(AliasName=_BUCKET_KEY)
        kms.schedule_key_deletion(KeyId=self.bucket_key.rsplit("/", 1)[1], PendingWindowInDays=7)

    def outputs(self) -> dict[str, Any]:
        return self.clone.outputs("infrastructure")

    def of_vpc(self, operation: str, collection: str) -> list[dict[str, Any]]:
        here = {"Name": "vpc-id", "Values": [self.outputs()["vpc_id"]]}
        return getattr(self.aws("ec2"), operation)(Filters=[here])[collection]

    def follow(self, step: Step) -> None:
        """One step of a runbook, on this lane's stack in place of `dev`."""
        self.set(**{key.removeprefix("infrastructure:"): value for key, value in step.settings.items()})
        for command in step.commands:
            self.clone.tiers(*("local" if word == "dev" else word for word in command))

    def versions(self) -> tuple[str, set[str], dict[str, str]]:
        """Minors of the control plane and of the node groups, and versions of the add-ons, as EKS tells them."""
        eks = self.aws("eks")
        groups = {
            eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=name)["nodegroup"]["version"]
            for name in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]
        }
        addons = {
            name: eks.describe_addon(clusterName=CLUSTER, addonName=name)["addon"]["addonVersion"]
            for name in eks.list_addons(clusterName=CLUSTER)["addons"]
        }
        return eks.describe_cluster(name=CLUSTER)["cluster"]["version"], groups, addons


def _deploy(clone: Clone) -> None:
    clone.tiers("up", *STACK)


EVERYTHING_ON = Deployment(
    name="infrastructure-everything-on",
    configure=lambda clone: Platform(clone).switch_everything_on(),
    deploy=_deploy,
    files=("tests/infrastructure/everything_on.yaml", "tests/infrastructure/platform.py"),
)
