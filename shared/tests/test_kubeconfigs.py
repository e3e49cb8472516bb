"""Kubeconfigs of ours hold a command and nothing that opens a door by itself."""

from __future__ import annotations

import json

import pytest

from shared.kubeconfig import kubeconfig, kubeconfig_command, namespaces_in

FACTS = {
    "cluster_name": "eks-cluster-dev",
    "endpoint": "https://example.eks.amazonaws.com",
    "certificate_authority": "LS0t",
    "region": "us-east-1",
    "role_arn": "arn:aws:iam::1:role/admin",
}


def test_its_only_credential_is_aws_eks_get_token() -> None:
    (user,) = json.loads(kubeconfig(**FACTS))["users"]
    assert user["user"] == {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "aws",
            "args": [
                *("eks", "get-token", "--cluster-name", "eks-cluster-dev", "--region", "us-east-1"),
                *("--output", "json", "--role-arn", "arn:aws:iam::1:role/admin"),
            ],
            "interactiveMode": "Never",
        }
    }


def test_cluster_user_and_context_are_named_after_the_cluster() -> None:
    content = json.loads(kubeconfig(**FACTS))
    assert content["current-context"] == "eks-cluster-dev"
    assert {entry["name"] for key in ("clusters", "users", "contexts") for entry in content[key]} == {"eks-cluster-dev"}
    assert content["clusters"][0]["cluster"] == {
        "server": "https://example.eks.amazonaws.com",
        "certificate-authority-data": "LS0t",
    }


def test_a_tenants_first_namespace_is_the_contexts_default_and_all_of_them_are_listed() -> None:
    text = kubeconfig(**FACTS, namespaces=["tenant-a", "tenant-a-jobs"])
    assert json.loads(text)["contexts"][0]["context"] == {
        "cluster": "eks-cluster-dev",
        "user": "eks-cluster-dev",
        "namespace": "tenant-a",
        "extensions": [
            {"name": "platform.internal/namespaces", "extension": {"namespaces": ["tenant-a", "tenant-a-jobs"]}}
        ],
    }
    assert namespaces_in(text) == ["tenant-a", "tenant-a-jobs"]


@pytest.mark.parametrize("text", [kubeconfig(**FACTS), "", "a: b", "[]", '{"contexts": [{}]}'], ids=range(5))
def test_a_kubeconfig_that_is_not_a_tenants_lists_no_namespaces(text: str) -> None:
    assert namespaces_in(text) == []


def test_the_command_writes_the_same_credentials() -> None:
    assert kubeconfig_command(cluster_name="c", region="r", role_arn="a") == (
        "aws eks update-kubeconfig --region r --name c --role-arn a"
    )


def test_the_command_names_the_profile_to_sign_in_with() -> None:
    command = kubeconfig_command(cluster_name="c", region="r", role_arn="a", profile="dev-admin")
    assert command == "aws eks update-kubeconfig --region r --name c --role-arn a --profile dev-admin"
