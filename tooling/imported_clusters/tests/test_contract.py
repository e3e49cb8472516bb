"""The contract of a cluster that exists: what AWS says of it, what has to be given, and what disagrees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts import Infrastructure
from shared.contracts.boundary import output_types
from shared.dry_runs import contract_outputs, dry_run
from shared.errors import BadInput, ExitCode, PlatformError
from shared.program_errors import ProgramInputError
from tooling.imported_clusters.contract import contract_of
from tooling.imported_clusters.facts import GIVEN, access_facts, cluster_facts
from tooling.imported_clusters.state import refuse_deployed, root_of
from tooling.paths import REPOSITORY
from tooling.runner.graph import environment_graph

ACCOUNT = "123456789012"
ARN = f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/dawn"
ISSUER = "https://oidc.eks.eu-central-1.amazonaws.com/id/ABC"
SAMPLES = contract_outputs(Infrastructure)


class Unknown(Exception):
    """What EKS says of a cluster that does not exist."""


class Pages:
    def __init__(self, **page: Any) -> None:
        self._page = page

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [self._page]


class Aws:
    """The answers of AWS about one cluster, as eksctl makes it."""

    class exceptions:  # noqa: N801  boto3's name
        ResourceNotFoundException = Unknown

    def __init__(self) -> None:
        self.cluster: dict[str, Any] = {
            "name": "dawn",
            "arn": ARN,
            "endpoint": "https://ABC.eks.amazonaws.com",
            "certificateAuthority": {"data": "LS0t"},
            "version": "1.35",
            "resourcesVpcConfig": {
                "vpcId": "vpc-1",
                "subnetIds": ["subnet-b", "subnet-a"],
                "clusterSecurityGroupId": "sg-cluster",
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16"},
            "identity": {"oidc": {"issuer": ISSUER}},
            "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:x:1:key/1"}}],
        }
        self.cni = '{"enableNetworkPolicy": "true"}'
        self.groups = ["general"]
        self.providers = [f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER.removeprefix('https://')}"]

    def client(self, _: str) -> Aws:
        return self

    def describe_cluster(self, *, name: str) -> dict[str, Any]:
        if name != "dawn":
            raise Unknown
        return {"cluster": self.cluster}

    def get_paginator(self, name: str) -> Pages:
        return Pages(nodegroups=self.groups) if name == "list_nodegroups" else Pages(addons=["vpc-cni", "coredns"])

    def describe_nodegroup(self, **_: Any) -> dict[str, Any]:
        group = {
            "nodegroupName": "general",
            "version": "1.35",
            "nodeRole": f"arn:aws:iam::{ACCOUNT}:role/eksctl/dawn-nodes",
            "resources": {"autoScalingGroups": [{"name": "eks-general-1"}]},
        }
        return {"nodegroup": group}

    def describe_addon(self, *, addonName: str, **_: Any) -> dict[str, Any]:  # noqa: N803  boto3's name
        configured = {"configurationValues": self.cni} if addonName == "vpc-cni" else {}
        return {"addon": {"addonName": addonName, "addonVersion": f"v1-{addonName}", **configured}}

    def describe_vpcs(self, **_: Any) -> dict[str, Any]:
        entries = [{"CidrBlock": block, "CidrBlockState": {"State": "associated"}} for block in ("10.0.0.0/16",)]
        return {"Vpcs": [{"CidrBlock": "10.0.0.0/16", "CidrBlockAssociationSet": entries}]}

    def describe_subnets(self, **_: Any) -> dict[str, Any]:
        subnet = ("subnet-b", "b", "10.0.2.0/24"), ("subnet-a", "a", "10.0.1.0/24"), ("subnet-p", "a", "10.0.9.0/24")
        # In the VPC, and not the cluster's.
        other = (("subnet-x", "a", "10.0.7.0/24"),)
        return {
            "Subnets": [
                {"SubnetId": name, "AvailabilityZone": f"eu-central-1{zone}", "CidrBlock": cidr}
                for name, zone, cidr in (*subnet, *other)
            ]
        }

    def describe_route_tables(self, **_: Any) -> dict[str, Any]:
        public = {"Associations": [{"SubnetId": "subnet-p"}], "Routes": [{"GatewayId": "igw-1"}]}
        return {"RouteTables": [{"Associations": [{"Main": True}], "Routes": [{"GatewayId": "local"}]}, public]}

    def list_open_id_connect_providers(self) -> dict[str, Any]:
        return {"OpenIDConnectProviderList": [{"Arn": arn} for arn in self.providers]}


def given(directory: Path, **changed: Any) -> Path:
    """A file with the fields that the cluster does not decide; `None` leaves one out."""
    file = directory / "dawn.yaml"
    fields = {**{field: SAMPLES[field] for field in GIVEN}, **changed}
    file.write_text(yaml.safe_dump({key: value for key, value in fields.items() if value is not None}, sort_keys=False))
    return file


def refusal(directory: Path, **changed: Any) -> BadInput:
    with pytest.raises(BadInput) as refused:
        contract_of(cluster_facts(Aws().client, "dawn"), given(directory, **changed))
    return refused.value


def test_every_field_of_the_contract_is_known_or_given() -> None:
    facts = cluster_facts(Aws().client, "dawn")
    assert {*facts, *access_facts(facts, "role"), *GIVEN} == set(output_types(Infrastructure))


def test_the_facts_are_those_of_the_cluster() -> None:
    assert cluster_facts(Aws().client, "dawn") == {
        "cluster_name": "dawn",
        "cluster_arn": ARN,
        "cluster_endpoint": "https://ABC.eks.amazonaws.com",
        "cluster_certificate_authority": "LS0t",
        "cluster_version": "1.35",
        "node_versions": {"general": "1.35"},
        "addon_versions": {"coredns": "v1-coredns", "vpc-cni": "v1-vpc-cni"},
        "workload_identity": "irsa",
        "cluster_security_group_id": "sg-cluster",
        "node_role_arn": f"arn:aws:iam::{ACCOUNT}:role/eksctl/dawn-nodes",
        "node_role_name": "dawn-nodes",
        "oidc_issuer_url": ISSUER,
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER.removeprefix('https://')}",
        "service_cidr": "172.20.0.0/16",
        "cluster_dns_ip": "172.20.0.10",
        "region": "eu-central-1",
        "account_id": ACCOUNT,
        "partition": "aws",
        "secrets_key_arn": "arn:aws:kms:x:1:key/1",
        "network_policy_enforced": True,
        "autoscaling_group_names": ["eks-general-1"],
        "vpc_id": "vpc-1",
        "vpc_cidr": "10.0.0.0/16",
        "private_subnet_ids": ["subnet-a", "subnet-b"],
        "public_subnet_ids": ["subnet-p"],
        "public_subnet_cidrs": ["10.0.9.0/24"],
        "private_subnet_cidrs": ["10.0.1.0/24", "10.0.2.0/24"],
        "pod_cidrs": ["10.0.1.0/24", "10.0.2.0/24"],
        "availability_zones": ["eu-central-1a", "eu-central-1b"],
    }


def test_a_cluster_that_eks_does_not_have_is_named() -> None:
    with pytest.raises(BadInput) as refused:
        cluster_facts(Aws().client, "dusk")
    assert (refused.value.code, refused.value.what) == ("cluster-unknown", "EKS has no cluster 'dusk' here")


def test_a_cluster_that_cannot_hold_tenants_is_refused_with_every_reason() -> None:
    aws = Aws()
    aws.cni, aws.providers, aws.cluster["encryptionConfig"] = "{}", [], []
    with pytest.raises(BadInput) as refused:
        cluster_facts(aws.client, "dawn")
    assert refused.value.code == "cluster-unfit"
    for reason in ("OIDC provider", "KMS key", "enableNetworkPolicy"):
        assert reason in refused.value.what


def test_a_program_of_the_next_tier_runs_with_the_contract(tmp_path: Path) -> None:
    outputs = contract_of(cluster_facts(Aws().client, "dawn"), given(tmp_path))
    assert outputs["imported_from"] == ARN
    assert dry_run(REPOSITORY / "platform-addons", stack="dev", upstream=lambda _: outputs).resources


def test_a_field_may_be_stated_as_aws_has_it(tmp_path: Path) -> None:
    file = given(tmp_path, vpc_cidr="10.0.0.0/16")
    assert contract_of(cluster_facts(Aws().client, "dawn"), file)["vpc_cidr"] == "10.0.0.0/16"


def test_a_field_that_disagrees_with_the_cluster_is_named_with_its_line(tmp_path: Path) -> None:
    refused = refusal(tmp_path, cluster_version="1.34")
    assert refused.code == "contract-disagrees"
    assert refused.what == "`cluster_version` is '1.34' in the file, and '1.35' in AWS"
    text = (tmp_path / "dawn.yaml").read_text().splitlines()
    assert refused.at == f"{tmp_path}/dawn.yaml, line {text.index(next(each for each in text if '1.34' in each)) + 1}"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"tenant_bucket_arn": None}, "`tenant_bucket_arn` is missing, and the cluster does not say"),
        ({"force_destroy": "yes please"}, "`force_destroy` is not of type bool"),
        ({"tenant_boundary_arn": ""}, "`tenant_boundary_arn` is not of type str, or empty"),
        ({"vpc_cdir": "10.0.0.0/16"}, 'unknown field `vpc_cdir`, did you mean "vpc_cidr"?'),
    ],
    ids=["missing", "type", "empty", "unknown"],
)
def test_a_file_that_is_not_complete_or_not_right_is_refused(
    tmp_path: Path, changed: Mapping[str, Any], says: str
) -> None:
    refused = refusal(tmp_path, **changed)
    assert refused.code == "contract-invalid"
    assert says in refused.what


def test_the_record_of_a_deployed_cluster_is_kept() -> None:
    (stack,) = [one for one in environment_graph("dev") if one.tier == "infrastructure"]
    root = root_of(stack, {"cluster_name": "eks"})
    with pytest.raises(PlatformError) as refused:
        refuse_deployed(stack, {"resources": [root, {"type": "aws:ec2/vpc:Vpc"}]})
    assert (refused.value.code, refused.value.exit_code) == ("infrastructure-deployed", ExitCode.REFUSED)
    refuse_deployed(stack, {"resources": [root_of(stack, {"imported_from": ARN})]})
    refuse_deployed(stack, {})


def test_tier_1_makes_nothing_beside_an_imported_cluster() -> None:
    def stacks(reference: str) -> dict[str, Any] | None:
        return {**SAMPLES, "imported_from": ARN} if "/infrastructure/" in reference else None

    with pytest.raises(ProgramInputError) as refused:
        dry_run(REPOSITORY / "infrastructure", stack="dev", upstream=stacks)
    assert refused.value.code == "cluster-imported"
    assert refused.value.hint == "tiers up platform-addons tenants applications --stack dev"
