"""The control plane: who reaches it, what it logs and encrypts, and who is let in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.testing import Run, run_program

COMPONENT = "eks:index:Cluster"


def test_the_control_plane_is_private_logged_and_encrypted(prod: Run) -> None:
    cluster = prod.one(COMPONENT).inputs
    assert cluster["name"] == "eks-cluster-prod"
    assert cluster["version"] == "1.35"
    assert cluster["authenticationMode"] == "API"
    assert cluster["endpointPrivateAccess"] is True
    assert cluster["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in cluster
    assert cluster["enabledClusterLogTypes"] == ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    assert cluster["encryptionConfigKeyArn"] == "arn:aws:kms:us-east-1:123456789012:key/secrets-id"
    assert cluster["upgradePolicy"] == {"supportType": "STANDARD"}
    assert cluster["kubernetesServiceIpAddressRange"] == "172.20.0.0/16"


def test_the_component_makes_nothing_that_our_own_code_makes(prod: Run) -> None:
    cluster = prod.one(COMPONENT).inputs
    assert cluster["createOidcProvider"] is False
    assert cluster["skipDefaultNodeGroup"] is True
    assert cluster["skipDefaultSecurityGroups"] is True


def test_add_ons_of_the_component_are_pinned(prod: Run) -> None:
    cluster = prod.one(COMPONENT).inputs
    assert cluster["kubeProxyAddonOptions"]["version"] == "v1.35.0-eksbuild.2"
    assert cluster["vpcCniOptions"]["addonVersion"] == "v1.21.1-eksbuild.3"


def test_the_cni_enforces_network_policies_and_logs_no_debug(prod: Run) -> None:
    options = prod.one(COMPONENT).inputs["vpcCniOptions"]
    assert options["enableNetworkPolicy"] is True
    assert options["logLevel"] == "INFO"


def test_the_cluster_lies_in_the_private_subnets_only(prod: Run) -> None:
    cluster = prod.one(COMPONENT).inputs
    assert cluster["privateSubnetIds"] == [f"private-us-east-1{zone}-id" for zone in "abc"]
    assert "publicSubnetIds" not in cluster
    assert "subnetIds" not in cluster


def test_who_creates_the_cluster_does_not_become_its_admin(prod: Run) -> None:
    access = prod.one("aws:eks/cluster:Cluster").inputs["accessConfig"]
    assert access == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}


def test_the_component_is_handed_its_providers(prod: Run) -> None:
    cluster = prod.one(COMPONENT)
    assert set(cluster.providers) == {"aws", "eks"}


def test_the_admin_role_enters_by_an_access_entry_of_cluster_scope(prod: Run) -> None:
    role = "arn:aws:iam::123456789012:role/eks-admin-role-prod"
    entry = prod.one("aws:eks/accessEntry:AccessEntry").inputs
    assert entry == {"clusterName": "eks-cluster-prod", "principalArn": role}
    association = prod.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").inputs
    assert association == {
        "clusterName": "eks-cluster-prod",
        "principalArn": role,
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    }


def test_the_log_group_stands_before_the_cluster_and_ends(dev: Run) -> None:
    group = dev.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == "/aws/eks/eks-cluster-dev/cluster"
    assert group.inputs["retentionInDays"] == 30
    assert group.inputs["kmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/secrets-id"
    assert group.urn in dev.one(COMPONENT).depends_on


def test_the_cluster_waits_for_the_policies_of_its_role(dev: Run) -> None:
    needed = {
        resource.urn
        for kind in ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/rolePolicy:RolePolicy")
        for resource in dev.registered(kind)
        if resource.inputs["role"] == "eks-cluster-role-dev"
    }
    assert len(needed) == 3
    assert needed <= dev.one(COMPONENT).depends_on


@pytest.mark.parametrize("protect", [True, False])
def test_what_holds_data_is_protected_as_configured(project: Path, protect: bool) -> None:
    run = run_program(project, stack="dev", config={"protect": protect})
    assert run.one(COMPONENT).inputs["deletionProtection"] is protect
    protected = {resource.type for resource in run.resources if resource.protect}
    wanted = {COMPONENT, "aws:eks/cluster:Cluster", "aws:kms/key:Key", "aws:s3/bucket:Bucket"}
    assert (wanted <= protected) if protect else not protected


def test_an_endpoint_is_opened_to_named_ranges(project: Path) -> None:
    config = {"endpoint_public_access": True, "public_access_cidrs": ["198.51.100.0/24"]}
    cluster = run_program(project, stack="dev", config=config).one(COMPONENT).inputs
    assert cluster["endpointPublicAccess"] is True
    assert cluster["publicAccessCidrs"] == ["198.51.100.0/24"]


def test_coredns_comes_after_the_nodes(dev: Run) -> None:
    addon = dev.one("aws:eks/addon:Addon", "coredns")
    assert addon.inputs["addonName"] == "coredns"
    assert addon.inputs["addonVersion"] == "v1.13.2-eksbuild.1"
    assert addon.inputs["clusterName"] == "eks-cluster-dev"
    assert dev.one("aws:eks/nodeGroup:NodeGroup").urn in addon.depends_on


def test_the_oidc_provider_needs_no_thumbprint(dev: Run) -> None:
    provider = dev.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider").inputs
    assert provider["url"].startswith("https://oidc.eks.us-east-1.amazonaws.com/id/")
    assert provider["clientIdLists"] == ["sts.amazonaws.com"]
    assert "thumbprintLists" not in provider


def test_the_key_serves_the_account_and_this_clusters_logs(dev: Run) -> None:
    key = dev.one("aws:kms/key:Key").inputs
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 7
    account, logs = json.loads(key["policy"])["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnEquals": {
            "kms:EncryptionContext:aws:logs:arn": (
                "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/eks-cluster-dev/cluster"
            )
        }
    }
    assert "kms:*" not in logs["Action"]
    assert dev.one("aws:kms/alias:Alias").inputs == {"name": "alias/eks-secrets-dev", "targetKeyId": "secrets-id"}
