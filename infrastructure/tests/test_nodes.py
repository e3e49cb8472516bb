"""The node group and its launch template: the second wall around the metadata service, encryption, user data."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, cast

from shared.testing import Run, run_program

USER_DATA = """\
[settings.kubernetes]
api-server = "https://EXAMPLE.gr7.us-east-1.eks.amazonaws.com"
cluster-certificate = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"
cluster-dns-ip = "172.20.0.10"
cluster-name = "eks-cluster-dev"

[settings.kubernetes.node-labels]
environment = "dev"

[settings.kubernetes.system-reserved]
cpu = "50m"
memory = "256Mi"

[settings.kubernetes.eviction-hard]
"memory.available" = "5%"
"nodefs.available" = "10%"
"""


def template(run: Run) -> dict[str, object]:
    return run.one("aws:ec2/launchTemplate:LaunchTemplate").inputs


def test_instance_metadata_wants_tokens_and_answers_one_hop(dev: Run) -> None:
    assert template(dev)["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }


def test_every_volume_is_encrypted_and_goes_with_its_node(project: Path) -> None:
    run = run_program(project, stack="dev", config={"volume_gib": 120})
    registered = template(run)["blockDeviceMappings"]
    assert isinstance(registered, list)
    mappings = cast("list[dict[str, Any]]", registered)
    assert [(m["deviceName"], m["ebs"]["volumeSize"]) for m in mappings] == [("/dev/xvda", 4), ("/dev/xvdb", 120)]
    for mapping in mappings:
        assert mapping["ebs"]["encrypted"] == "true"
        assert mapping["ebs"]["deleteOnTermination"] == "true"
        assert mapping["ebs"]["volumeType"] == "gp3"


def test_user_data_is_bottlerockets_toml(dev: Run) -> None:
    assert base64.b64decode(str(template(dev)["userData"])).decode() == USER_DATA


def test_what_ec2_makes_by_itself_is_tagged_by_the_template(dev: Run) -> None:
    registered = template(dev)["tagSpecifications"]
    assert isinstance(registered, list)
    specifications = cast("list[dict[str, Any]]", registered)
    assert {s["resourceType"] for s in specifications} == {"instance", "volume", "network-interface"}
    for specification in specifications:
        assert specification["tags"] == {
            "Name": "general-dev",
            "environment_suffix": "dev",
            "owner": "platform-team",
        }


def test_the_template_leaves_the_image_to_eks(dev: Run) -> None:
    assert "imageId" not in template(dev)
    assert "instanceType" not in template(dev)


def test_the_node_group_is_bottlerocket_of_the_clusters_minor(dev: Run) -> None:
    group = dev.one("aws:eks/nodeGroup:NodeGroup")
    assert group.inputs["amiType"] == "BOTTLEROCKET_x86_64"
    assert group.inputs["version"] == "1.35"
    assert group.inputs["instanceTypes"] == ["t3.large"]
    assert group.inputs["capacityType"] == "ON_DEMAND"
    assert group.inputs["labels"] == {"environment": "dev"}
    assert group.inputs["subnetIds"] == [f"private-us-east-1{zone}-id" for zone in "abc"]
    assert group.inputs["nodeRoleArn"] == "arn:aws:iam::123456789012:role/eks-node-role-dev"
    assert group.inputs["launchTemplate"] == {"id": "lt-general", "version": "1"}
    assert group.inputs["updateConfig"] == {"maxUnavailablePercentage": 33}
    assert group.inputs["nodeRepairConfig"] == {"enabled": True}
    assert group.inputs["tags"] == {
        "Name": "general-dev",
        "k8s.io/cluster-autoscaler/enabled": "true",
        "k8s.io/cluster-autoscaler/eks-cluster-dev": "owned",
    }
    # Refused by EKS beside a launch template.
    assert not {"remoteAccess", "diskSize"} & group.inputs.keys()


def test_the_autoscaler_owns_the_number_of_nodes_once_they_run(project: Path) -> None:
    config = {"min_size": 1, "max_size": 6, "desired_capacity": 2}
    group = run_program(project, stack="dev", config=config).one("aws:eks/nodeGroup:NodeGroup")
    assert group.inputs["scalingConfig"] == {"minSize": 1, "maxSize": 6, "desiredSize": 2}
    assert group.ignore_changes == ("scalingConfig.desiredSize",)


def test_nodes_come_after_the_cni_and_the_policies_of_their_role(dev: Run) -> None:
    policies = [
        attachment
        for attachment in dev.registered("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if attachment.inputs["role"] == "eks-node-role-dev"
    ]
    assert len(policies) == 4
    group = dev.one("aws:eks/nodeGroup:NodeGroup")
    assert dev.comes_after(group, dev.one("eks:index:Cluster"))
    assert all(dev.comes_after(group, policy) for policy in policies)
    assert not any(dev.comes_after(policy, group) for policy in policies)
