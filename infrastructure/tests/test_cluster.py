"""The control plane: who reaches it, what it logs and encrypts, and who is let in."""

from __future__ import annotations

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


def test_the_component_creates_nothing_that_the_tier_creates_itself(prod: Run) -> None:
    cluster = prod.one(COMPONENT).inputs
    assert cluster["createOidcProvider"] is False
    assert cluster["skipDefaultNodeGroup"] is True
    assert cluster["skipDefaultSecurityGroups"] is True


def test_add_ons_of_the_component_are_pinned(prod: Run) -> None:
    cluster = prod.one(COMPONENT).inputs
    assert cluster["kubeProxyAddonOptions"]["version"] == "v1.35.0-eksbuild.2"
    assert cluster["vpcCniOptions"]["addonVersion"] == "v1.21.1-eksbuild.3"


def test_the_cni_enforces_network_policies_and_logs_no_debug(prod: Run) -> None:
    assert prod.one(COMPONENT).inputs["vpcCniOptions"] == {
        "addonVersion": "v1.21.1-eksbuild.3",
        "enableNetworkPolicy": True,
        "logLevel": "INFO",
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
        "configurationValues": {
            "env": {"AWS_VPC_K8S_PLUGIN_LOG_LEVEL": "INFO", "NETWORK_POLICY_ENFORCING_MODE": "standard"}
        },
    }


def test_the_cni_gives_prefixes_where_it_is_told_to(project: Path) -> None:
    options = run_program(project, config={"prefix_delegation": True}).one(COMPONENT).inputs["vpcCniOptions"]
    assert options["enablePrefixDelegation"] is True
    assert options["warmPrefixTarget"] == 1
    assert "enablePodEni" not in options


def test_pods_with_security_groups_keep_their_probes(project: Path) -> None:
    config = {"security_groups_for_pods": True, "instance_type": "m6i.large"}
    options = run_program(project, config=config).one(COMPONENT).inputs["vpcCniOptions"]
    assert options["enablePodEni"] is True
    assert options["disableTcpEarlyDemux"] is True
    assert options["configurationValues"]["env"]["POD_SECURITY_GROUP_ENFORCING_MODE"] == "standard"


def test_one_group_off_the_t_family_is_enough_for_pods_with_security_groups(project: Path) -> None:
    groups = {"trunks": {"instance_types": ["m6i.large"]}}
    run = run_program(project, config={"security_groups_for_pods": True, "node_groups": groups})
    assert run.one(COMPONENT).inputs["vpcCniOptions"]["enablePodEni"] is True


@pytest.mark.parametrize("support", ["STANDARD", "EXTENDED"])
def test_the_end_of_standard_support_is_met_as_set(project: Path, support: str) -> None:
    run = run_program(project, config={"support_type": support})
    assert run.one(COMPONENT).inputs["upgradePolicy"] == {"supportType": support}


@pytest.mark.parametrize("shift", [True, False])
def test_zonal_shift_is_set_past_the_component(project: Path, shift: bool) -> None:
    run = run_program(project, config={"zonal_shift": shift})
    assert "zonalShiftConfig" not in run.one(COMPONENT).inputs
    assert run.one("aws:eks/cluster:Cluster").inputs["zonalShiftConfig"] == {"enabled": shift}


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
    assert entry == {"clusterName": "eks-cluster-prod", "principalArn": role, "tags": {"Name": "admin-prod"}}
    association = prod.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").inputs
    assert association == {
        "clusterName": "eks-cluster-prod",
        "principalArn": role,
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    }


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
    wanted = {
        COMPONENT,
        "aws:eks/cluster:Cluster",
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
    }
    assert (wanted <= protected) if protect else not protected


def test_the_admins_access_entry_is_replaced_with_its_role(prod: Run) -> None:
    """EKS keeps the role's unique id; protection would refuse the replacement, and nobody could sign in."""
    entry = prod.one("aws:eks/accessEntry:AccessEntry")
    assert entry.replacement_trigger == "AROA-eks-admin-role-prod"
    assert entry.delete_before_replace
    assert not entry.protect
    assert not prod.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").protect


def test_an_endpoint_is_opened_to_named_ranges(project: Path) -> None:
    config = {"public_access_cidrs": ["198.51.100.0/24"]}
    cluster = run_program(project, stack="dev", config=config).one(COMPONENT).inputs
    assert cluster["endpointPublicAccess"] is True
    assert cluster["publicAccessCidrs"] == ["198.51.100.0/24"]


def test_the_oidc_provider_needs_no_thumbprint(dev: Run) -> None:
    provider = dev.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider").inputs
    assert provider["url"].startswith("https://oidc.eks.us-east-1.amazonaws.com/id/")
    assert provider["clientIdLists"] == ["sts.amazonaws.com"]
    assert "thumbprintLists" not in provider
