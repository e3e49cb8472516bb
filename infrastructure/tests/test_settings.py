"""What the infrastructure's settings promise, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from shared.contracts import PlatformAddons
from shared.dry_runs.computed import FUNCTIONS
from shared.program_errors import ProgramInputError
from shared.testing import contract_outputs, load_module, run_program


def test_promised_defaults_hold(project: Path) -> None:
    settings = load_module(project, "settings").InfrastructureSettings()
    assert settings.model_dump() == {
        "github": None,
        "protect": True,
        "vpc_cidr": "10.0.0.0/16",
        "pod_cidr": "",
        "nat_gateways": "per-zone",
        "s3_gateway_endpoint": True,
        "interface_endpoints": [],
        "private_access_cidrs": [],
        "ssh_key_name": None,
        "ssh_source_security_group_ids": [],
        "flow_logs": True,
        "flow_log_retention_days": 90,
        "key_deletion_window_days": 7,
        "force_destroy": False,
        "bucket_key_arn": "",
        "noncurrent_version_days": 90,
        "admin_principal_arns": ["account"],
        "kubeconfig_profile": "",
        "cluster_name": "eks-cluster",
        "replace_cluster": "",
        "kubernetes_version": "1.35",
        "public_access_cidrs": [],
        "service_cidr": "172.20.0.0/16",
        "log_retention_days": 90,
        "support_type": "STANDARD",
        "zonal_shift": True,
        "network_policy_mode": "standard",
        "prefix_delegation": False,
        "security_groups_for_pods": False,
        "workload_identity": "irsa",
        "pod_identity_agent": True,
        "ebs_csi_driver": True,
        "addon_versions": {},
        "instance_type": "t3.large",
        "min_size": 3,
        "max_size": 10,
        "desired_capacity": 5,
        "volume_gib": 80,
        "node_groups": {},
        "node_kubernetes_version": "",
        "node_release_version": "",
        "node_repair": True,
        "max_unavailable_percentage": 33,
        "volume_key_arn": "",
        "node_cloudwatch_policy": False,
        "fargate_profiles": {},
        "fargate_pod_logs": False,
    }


def test_a_group_that_only_names_its_instances_begins_empty(project: Path) -> None:
    group = load_module(project, "node_settings").NodeGroupSettings(instance_types=["m6i.large"])
    assert group.model_dump() == {
        "instance_types": ["m6i.large"],
        "capacity_type": "ON_DEMAND",
        "min_size": 0,
        "max_size": 3,
        "desired_capacity": None,
        "volume_gib": 80,
        "labels": {},
        "taints": [],
        "max_pods": None,
        "zones": [],
    }
    assert group.initial_size == 0


def group(**changed: object) -> dict[str, object]:
    return {"node_groups": {"batch": {"instance_types": ["m6i.large"], **changed}}}


def fargate(namespace: str) -> dict[str, object]:
    return {"fargate_profiles": {"system": {"selectors": [{"namespace": namespace}]}}}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"vpc_cird": "10.0.0.0/16"}, 'did you mean "vpc_cidr"?'),
        ({"vpc_cidr": "10.0.0.0/24"}, "`vpc_cidr`: 10.0.0.0/24 is not between /16 and /23"),
        ({"vpc_cidr": "10.0.0.0/15"}, "not between /16 and /23"),
        ({"vpc_cidr": "10.0.0.1/16"}, "has host bits set"),
        ({"vpc_cidr": "100.64.0.0/16", "pod_cidr": "100.64.0.0/20"}, "pod_cidr 100.64.0.0/20 overlaps vpc_cidr"),
        ({"pod_cidr": "10.1.0.0/16"}, "`pod_cidr`: 10.1.0.0/16 is not inside 100.64.0.0/10"),
        ({"pod_cidr": "100.64.0.0/26"}, "with a size between /16 and /24"),
        (
            {"pod_cidr": "100.64.0.0/16", "service_cidr": "100.64.0.0/20"},
            "service_cidr 100.64.0.0/20 overlaps pod_cidr",
        ),
        ({"interface_endpoints": ["s3"]}, "'autoscaling', 'ec2'"),
        ({"interface_endpoints": ["sts", "sts"]}, "must not be listed more than once"),
        ({"private_access_cidrs": ["0.0.0.0/0"]}, "private_access_cidrs"),
        ({"private_access_cidrs": ["10.0.8.0/24"]}, "private_access_cidrs 10.0.8.0/24 overlaps vpc_cidr 10.0.0.0/16"),
        ({"ssh_key_name": "operators"}, "ssh_key_name and ssh_source_security_group_ids go together"),
        ({"ssh_source_security_group_ids": ["sg-0123456789abcdef0"]}, "go together"),
        ({"ssh_key_name": "k", "ssh_source_security_group_ids": ["0.0.0.0/0"]}, "is not the ID of a security group"),
        ({"flow_log_retention_days": 91}, "flow_log_retention_days"),
        ({"flow_log_retention_days": 91}, "60, 90, 120"),
        ({"bucket_key_arn": "alias/mine"}, "bucket_key_arn"),
        ({"bucket_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1"}, "it must be in us-east-1"),
        ({"vpc_cidr": "10.0.0.0"}, "vpc_cidr"),
        ({"nat_gateways": "two"}, "nat_gateways"),
        ({"service_cidr": "10.0.8.0/22"}, "overlaps vpc_cidr"),
        ({"service_cidr": "172.20.0.0/28"}, "not between /12 and /24"),
        ({"endpoint_public_access": True}, "unknown key `endpoint_public_access`"),
        ({"public_access_cidrs": ["198.51.100.1/24"]}, "`public_access_cidrs.0`: 198.51.100.1/24 has host bits set"),
        ({"kubernetes_version": "1.99"}, "`kubernetes_version`: '1.99' is not one of 1.34, 1.35, 1.36"),
        ({"kubernetes_version": "1.3"}, "`kubernetes_version`: '1.3' is not one of 1.34, 1.35, 1.36"),
        ({"admin_principal_arns": []}, "`admin_principal_arns`: empty: nobody could access the Kubernetes API"),
        ({"admin_principal_arns": ["*"]}, "`admin_principal_arns.0`: '*' is neither 'account' nor the ARN"),
        ({"kubeconfig_profile": "dev; rm"}, "kubeconfig_profile"),
        ({"support_type": "LONG"}, "`support_type`: Input should be 'STANDARD' or 'EXTENDED'"),
        ({"security_groups_for_pods": True}, "security_groups_for_pods: not supported by the t family"),
        ({"min_size": 4, "max_size": 2}, "min_size 4 is more than max_size 2"),
        ({"min_size": 4, "desired_capacity": 2}, "desired_capacity 2 is outside min_size 4 to max_size 5"),
        ({"desired_capacity": 6}, "desired_capacity 6 is outside min_size 1 to max_size 5"),
        ({"min_size": "many"}, "min_size"),
        ({"instance_type": "large"}, "`instance_type`: 'large' is not an EC2 instance type"),
        ({"instance_type": "g5.xlarge"}, "`instance_type`: 'g5.xlarge' is an accelerated instance type"),
        ({"log_retention_days": 31}, "log_retention_days"),
        ({"key_deletion_window_days": 3}, "`key_deletion_window_days`: Input should be greater than or equal to 7"),
        ({"volume_gib": 5}, "volume_gib"),
        ({"max_unavailable_percentage": 0}, "max_unavailable_percentage"),
        ({"volume_key_arn": "alias/ebs"}, "volume_key_arn"),
        ({"node_release_version": "latest"}, "node_release_version"),
        ({"node_kubernetes_version": "1.99"}, "'1.99' is not one of 1.34, 1.35, 1.36"),
        (group(min_size=4), "`node_groups.batch`: min_size 4 is more than max_size 3"),
        (group(desired_capacity=9), "`node_groups.batch`: desired_capacity 9 is outside min_size 0 to max_size 3"),
        (group(instance_types=[]), "node_groups.batch.instance_types"),
        (group(instance_types=["m6i.large", "m6g.large"]), "m6i.large, m6g.large are of more than one architecture"),
        (group(capacity_type="RESERVED"), "`node_groups.batch.capacity_type`: Input should be 'ON_DEMAND' or 'SPOT'"),
        (group(labels={"environment": "x"}), "'environment' is reserved for the platform"),
        (group(labels={"kubernetes.io/arch": "x"}), "'kubernetes.io/arch' is reserved for the platform"),
        (group(labels={"a b": "x"}), "a b=x is not a label"),
        (group(labels={"a": "x y"}), "a=x y is not a label"),
        (group(labels={"a" * 63 + ".example.com/long-name": "x"}), "its key is longer than 80"),
        (group(taints=[{"key": "a", "effect": "NEVER"}]), "node_groups.batch.taints.0.effect"),
        (group(instances=["m6i.large"]), 'unknown key `node_groups.batch.instances`, did you mean "instance_types"?'),
        ({"node_groups": {"general": {"instance_types": ["m6i.large"]}}}, "'general' is the group that instance_type"),
        ({"node_groups": {"Batch!": {"instance_types": ["m6i.large"]}}}, "node_groups.Batch!"),
        (fargate("tenant-a"), "`fargate_profiles.system.selectors.0`: namespace 'tenant-a' may belong to a tenant"),
        (
            {"fargate_pod_logs": True},
            "fargate_pod_logs: requires fargate_profiles",
        ),
        ({"log_retention_days": True}, "`log_retention_days`: give a whole number, not true or false"),
        (fargate("*"), "namespace '*' may belong to a tenant"),
        (
            {"workload_identity": "pod-identity", "pod_identity_agent": False},
            "workload_identity pod-identity requires pod_identity_agent: true",
        ),
        ({"workload_identity": "kiam"}, "`workload_identity`: Input should be 'irsa' or 'pod-identity'"),
        ({"addon_versions": {"core-dns": "v1.13.2-eksbuild.1"}}, 'did you mean "coredns"?'),
        ({"addon_versions": {"coredns": "1.13.2"}}, "coredns '1.13.2' must have the form of v1.13.2-eksbuild.1"),
        (
            {"kubernetes_version": "1.36", "addon_versions": {"kube-proxy": "v1.36.0-eksbuild.1"}},
            "set a version for Kubernetes 1.36 of vpc-cni, coredns, eks-pod-identity-agent, aws-ebs-csi-driver",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(f"{key}={text}" for key, text in value.items()),
)
def test_a_wrong_setting_is_refused_by_name_before_anything_is_made(
    project: Path, config: dict[str, object], says: str
) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config=config)
    assert refused.value.code == "settings-invalid"
    assert says in refused.value.what
    assert refused.value.at.startswith("Pulumi.dev.yaml of infrastructure")


@pytest.mark.parametrize("cidrs", [["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"]], ids=["whole", "in-halves"])
@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_an_endpoint_is_not_opened_to_the_whole_internet(project: Path, stack: str, cidrs: list[str]) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack=stack, config={"public_access_cidrs": cidrs})
    assert refused.value.code == "endpoint-open-to-everybody"
    assert refused.value.at == f"Pulumi.{stack}.yaml of infrastructure, public_access_cidrs"
    assert run_program(project, stack="dev", config={"public_access_cidrs": cidrs}).resources


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("t3.large", "x86_64"),
        ("m6i.large", "x86_64"),
        ("m7i-flex.large", "x86_64"),
        ("t4g.medium", "arm64"),
        ("c7gd.2xlarge", "arm64"),
        ("im4gn.large", "arm64"),
        ("a1.large", "arm64"),
    ],
)
def test_an_instance_types_name_tells_its_architecture(project: Path, instance_type: str, architecture: str) -> None:
    settings = load_module(project, "node_settings").NodeGroupSettings(instance_types=[instance_type])
    assert settings.architecture == architecture


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_tenants_data_cannot_be_thrown_away_where_it_is_real(project: Path, stack: str) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack=stack, config={"force_destroy": True})
    assert refused.value.at == f"Pulumi.{stack}.yaml of infrastructure, force_destroy"
    assert "allowed only in dev and local" in refused.value.what


def test_a_zone_not_available_to_the_account_is_refused_before_anything_is_registered(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {**FUNCTIONS["aws:index/getAvailabilityZones:getAvailabilityZones"], "names": ["us-east-1a", "us-east-1b"]}
    monkeypatch.setitem(FUNCTIONS, "aws:index/getAvailabilityZones:getAvailabilityZones", answer)
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev")
    assert refused.value.at == "shared/environments/dev.yaml, availability_zones"
    assert "us-east-1c not available" in refused.value.what
    assert "use two to 4 of us-east-1a, us-east-1b" in refused.value.what


def test_a_secret_setting_stays_a_secret(project: Path) -> None:
    settings = load_module(project, "settings").InfrastructureSettings
    assert settings.model_fields["ssh_key_name"].annotation == pulumi.Output[str] | None


def test_strict_network_policies_are_refused_before_those_of_tier_2(project: Path) -> None:
    with pytest.raises(ProgramInputError) as refused:
        run_program(project, stack="dev", config={"network_policy_mode": "strict"})
    assert refused.value.code == "strict-too-early"
    assert "strict would block CoreDNS" in refused.value.what
    assert "make platform-addons-up STACK=dev" in refused.value.hint


def test_strict_network_policies_are_allowed_once_tier_2_has_its_own(project: Path) -> None:
    deployed = contract_outputs(PlatformAddons, addons=["network-policies"])
    run = run_program(
        project,
        stack="dev",
        config={"network_policy_mode": "strict"},
        upstream=lambda reference: deployed if "/platform-addons/" in reference else None,
    )
    options = run.one("eks:index:Cluster").inputs["vpcCniOptions"]
    assert options["configurationValues"]["env"]["NETWORK_POLICY_ENFORCING_MODE"] == "strict"
