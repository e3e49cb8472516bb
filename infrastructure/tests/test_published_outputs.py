"""What tier 1 promises the others, by value."""

from __future__ import annotations

import json
from pathlib import Path

from shared.contracts import Infrastructure
from shared.testing import UNKNOWN, Run, contract_outputs, run_program


def test_every_field_of_the_contract_is_published(dev: Run) -> None:
    assert dev.outputs.keys() == contract_outputs(Infrastructure).keys()
    assert UNKNOWN not in dev.outputs.values()


def test_the_outputs_are_those_of_the_resources(dev: Run) -> None:
    expected = {
        "cluster_name": "eks-cluster-dev",
        "cluster_arn": "arn:aws:eks:us-east-1:123456789012:cluster/eks-cluster-dev",
        "cluster_version": "1.35",
        "node_versions": {"general": "1.35"},
        "addon_versions": {
            "vpc-cni": "v1.21.1-eksbuild.3",
            "kube-proxy": "v1.35.0-eksbuild.2",
            "coredns": "v1.13.2-eksbuild.1",
            "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
            "aws-ebs-csi-driver": "v1.55.0-eksbuild.2",
        },
        "workload_identity": "irsa",
        "cluster_security_group_id": "sg-cluster",
        "node_security_group_id": "nodes-id",
        "node_role_name": "eks-node-role-dev",
        "admin_role_arn": "arn:aws:iam::123456789012:role/eks-admin-role-dev",
        "vpc_cidr": "10.0.0.0/16",
        "public_subnet_cidrs": ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"],
        "pod_cidrs": ["10.0.100.0/24", "10.0.101.0/24", "10.0.102.0/24"],
        "private_subnet_ids": ["private-us-east-1a-id", "private-us-east-1b-id", "private-us-east-1c-id"],
        "service_cidr": "172.20.0.0/16",
        "cluster_dns_ip": "172.20.0.10",
        "endpoint_cidrs": [],
        "region": "us-east-1",
        "account_id": "123456789012",
        "partition": "aws",
        "tenant_bucket_name": "eks-tenant-data-123456789012-dev",
        "tenant_bucket_key_arns": [],
        "tenant_boundary_arn": "arn:aws:iam::123456789012:policy/eks-tenant-boundary-dev",
        "network_policy_enforced": True,
        "autoscaling_group_names": ["eks-general-dev-example"],
        "private_subnet_cidrs": ["10.0.100.0/24", "10.0.101.0/24", "10.0.102.0/24"],
        "contract_version": 4,
    }
    assert {name: dev.outputs[name] for name in expected} == expected


def test_the_kubeconfig_holds_a_command_and_no_credential(dev: Run) -> None:
    kubeconfig = json.loads(dev.outputs["kubeconfig"])
    (user,) = kubeconfig["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["command"] == "aws"
    assert user["user"]["exec"]["args"][-1] == dev.outputs["admin_role_arn"]
    assert kubeconfig["clusters"][0]["cluster"]["server"] == dev.outputs["cluster_endpoint"]


def test_the_kubeconfig_command_signs_in_as_the_admin_role(project: Path, dev: Run) -> None:
    command = (
        "aws eks update-kubeconfig --region us-east-1 --name eks-cluster-dev "
        "--role-arn arn:aws:iam::123456789012:role/eks-admin-role-dev"
    )
    assert dev.outputs["kubeconfig_command"] == command
    run = run_program(project, stack="dev", config={"kubeconfig_profile": "dev-admin"})
    assert run.outputs["kubeconfig_command"] == f"{command} --profile dev-admin"


def test_a_preview_of_a_stack_that_does_not_exist_publishes_unknowns(project: Path) -> None:
    outputs = run_program(project, stack="dev", preview=True).outputs
    assert outputs["kubeconfig"] is UNKNOWN
    assert outputs["cluster_endpoint"] is UNKNOWN
    assert outputs["vpc_cidr"] == "10.0.0.0/16"
