"""Add-ons that come with the cluster: which, when, and with which AWS role."""

from __future__ import annotations

import json
from pathlib import Path

from shared.testing import Run, run_program

ADDON, ROLE = "aws:eks/addon:Addon", "aws:iam/role:Role"
CSI_ROLE_ARN = "arn:aws:iam::123456789012:role/eks-aws-ebs-csi-driver-dev"


def test_add_ons_of_this_tier_are_pinned(dev: Run) -> None:
    assert {addon.inputs["addonName"]: addon.inputs["addonVersion"] for addon in dev.registered(ADDON)} == {
        "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
        "coredns": "v1.13.2-eksbuild.1",
        "aws-ebs-csi-driver": "v1.55.0-eksbuild.2",
    }


def test_what_has_a_deployment_comes_after_the_nodes_and_the_agent_before(dev: Run) -> None:
    nodes, agent = dev.one("aws:eks/nodeGroup:NodeGroup"), dev.one(ADDON, "eks-pod-identity-agent")
    for name in ("coredns", "aws-ebs-csi-driver"):
        assert dev.comes_after(dev.one(ADDON, name), nodes)
        assert dev.comes_after(dev.one(ADDON, name), agent)
    assert not dev.comes_after(agent, nodes)


def test_optional_add_ons_and_their_roles_can_be_left_out(project: Path) -> None:
    run = run_program(project, config={"pod_identity_agent": False, "ebs_csi_driver": False})
    assert [addon.name for addon in run.registered(ADDON)] == ["coredns"]
    assert not [role for role in run.registered(ROLE) if "csi" in role.name]
    assert set(run.outputs["addon_versions"]) == {"vpc-cni", "kube-proxy", "coredns"}


def test_versions_in_the_settings_replace_the_pins(project: Path) -> None:
    versions = {"coredns": "v1.13.9-eksbuild.9", "vpc-cni": "v1.22.0-eksbuild.1", "kube-proxy": "v1.34.3-eksbuild.2"}
    run = run_program(project, config={"addon_versions": versions})
    assert run.one(ADDON, "coredns").inputs["addonVersion"] == "v1.13.9-eksbuild.9"
    cluster = run.one("eks:index:Cluster").inputs
    assert cluster["vpcCniOptions"]["addonVersion"] == "v1.22.0-eksbuild.1"
    assert cluster["kubeProxyAddonOptions"]["version"] == "v1.34.3-eksbuild.2"
    assert run.outputs["addon_versions"]["coredns"] == "v1.13.9-eksbuild.9"


def test_the_csi_driver_gets_its_role_by_the_oidc_provider(dev: Run) -> None:
    addon = dev.one(ADDON, "aws-ebs-csi-driver").inputs
    assert addon["serviceAccountRoleArn"] == CSI_ROLE_ARN
    assert "podIdentityAssociations" not in addon
    (statement,) = json.loads(dev.one(ROLE, "aws-ebs-csi-driver").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    conditions = statement["Condition"]["StringEquals"]
    assert {key.rsplit(":", 1)[1]: value for key, value in conditions.items()} == {
        "aud": "sts.amazonaws.com",
        "sub": "system:serviceaccount:kube-system:ebs-csi-controller-sa",
    }


def test_the_csi_driver_gets_the_same_policy_by_pod_identity(project: Path, dev: Run) -> None:
    run = run_program(project, config={"workload_identity": "pod-identity"})
    addon = run.one(ADDON, "aws-ebs-csi-driver").inputs
    assert "serviceAccountRoleArn" not in addon
    assert addon["podIdentityAssociations"] == [{"roleArn": CSI_ROLE_ARN, "serviceAccount": "ebs-csi-controller-sa"}]
    (statement,) = json.loads(run.one(ROLE, "aws-ebs-csi-driver").inputs["assumeRolePolicy"])["Statement"]
    cluster_arn = "arn:aws:eks:us-east-1:123456789012:cluster/eks-cluster-dev"
    assert statement == {
        "Sid": "PodIdentity",
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {
                "aws:SourceAccount": "123456789012",
                "aws:RequestTag/eks-cluster-arn": cluster_arn,
                "aws:RequestTag/kubernetes-namespace": "kube-system",
                "aws:RequestTag/kubernetes-service-account": "ebs-csi-controller-sa",
            },
            "ArnEquals": {"aws:SourceArn": cluster_arn},
        },
    }
    attachment = "aws-ebs-csi-driver-AmazonEBSCSIDriverPolicy"
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert run.one(kind, attachment).inputs == dev.one(kind, attachment).inputs
    assert run.one(kind, attachment).inputs["policyArn"].endswith(":policy/service-role/AmazonEBSCSIDriverPolicy")
    assert run.outputs["workload_identity"] == "pod-identity"


def test_an_add_on_waits_for_the_policies_of_its_role(dev: Run) -> None:
    attachment = dev.one(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws-ebs-csi-driver-AmazonEBSCSIDriverPolicy"
    )
    assert attachment.urn in dev.one(ADDON, "aws-ebs-csi-driver").depends_on


def test_the_csi_driver_knows_without_instance_metadata_how_many_volumes_a_node_takes(dev: Run) -> None:
    """One hop keeps pods from metadata: the node plug-in is on the host network and knows the node's own disks."""
    (template,) = dev.registered("aws:ec2/launchTemplate:LaunchTemplate")
    assert template.inputs["metadataOptions"]["httpPutResponseHopLimit"] == 1
    values = json.loads(dev.one(ADDON, "aws-ebs-csi-driver").inputs["configurationValues"])
    assert values["node"] == {
        "hostNetwork": True,
        "reservedVolumeAttachments": len(template.inputs["blockDeviceMappings"]),
    }
    assert values["controller"] == {"region": "us-east-1"}
    assert "configurationValues" not in dev.one(ADDON, "coredns").inputs
