"""Conformance cases of EKS, and of tags on Auto Scaling groups, which only EKS's node groups need."""

from __future__ import annotations

import json

from tooling.plugins.aws.tests.case import ABSENT, Case, Swap, World
from tooling.plugins.provider.wire import UNKNOWN

_POLICY = "arn:aws:eks::aws:cluster-access-policy/{}"


def _other_role(world: World) -> str:
    return world.role_arns[1]


CASES = (
    Case(
        pulumi_name="aws:eks/cluster:Cluster",
        inputs=lambda world: {
            "roleArn": world.role_arns[0],
            "version": "1.34",
            "vpcConfig": {
                "subnetIds": world.subnet_ids[:2],
                "securityGroupIds": [world.group_ids[0]],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["192.0.2.0/24"],
            },
            "accessConfig": {
                "authenticationMode": "API_AND_CONFIG_MAP",
                "bootstrapClusterCreatorAdminPermissions": False,
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
            "upgradePolicy": {"supportType": "STANDARD"},
            "zonalShiftConfig": {"enabled": True},
            "enabledClusterLogTypes": ["audit", "api"],
            "bootstrapSelfManagedAddons": False,
        },
        updates={
            "version": "1.35",
            "forceUpdateVersion": True,
            "vpcConfig.subnetIds": lambda world: world.subnet_ids[1:],
            "vpcConfig.securityGroupIds": lambda world: world.group_ids[1:],
            "vpcConfig.endpointPrivateAccess": False,
            "vpcConfig.endpointPublicAccess": False,
            "vpcConfig.publicAccessCidrs": ["198.51.100.0/24"],
            "accessConfig.authenticationMode": "API",
            "encryptionConfig": lambda world: {
                "provider": {"keyArn": world.key_arns[0]},
                "resources": ["secrets"],
            },
            "upgradePolicy.supportType": "EXTENDED",
            "zonalShiftConfig.enabled": False,
            "enabledClusterLogTypes": ["scheduler", "audit", "authenticator"],
            "deletionProtection": True,
        },
        replaces={
            "roleArn": _other_role,
            "accessConfig.bootstrapClusterCreatorAdminPermissions": True,
            "kubernetesNetworkConfig.serviceIpv4Cidr": "172.21.0.0/16",
            "bootstrapSelfManagedAddons": True,
        },
        planned={"kubernetesNetworkConfig.ipFamily": UNKNOWN},
        one_way=frozenset({"version", "accessConfig.authenticationMode", "encryptionConfig"}),
        side_by_side=False,
        own_emulator=True,
    ),
    Case(
        pulumi_name="aws:eks/nodeGroup:NodeGroup",
        inputs=lambda world: {
            "clusterName": world.cluster,
            "nodeRoleArn": world.role_arns[0],
            "subnetIds": world.subnet_ids[:2],
            "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 3},
            "amiType": "BOTTLEROCKET_x86_64",
            "capacityType": "ON_DEMAND",
            "instanceTypes": ["m6i.large", "m5.large"],
            "labels": {"tier": "system", "zone/kind": "a"},
            "taints": [
                {"key": "dedicated", "value": "system", "effect": "NO_SCHEDULE"},
                {"key": "spot", "effect": "PREFER_NO_SCHEDULE"},
            ],
            "launchTemplate": {"id": world.launch_template_id, "version": "1"},
            "updateConfig": {"maxUnavailable": 1},
            "nodeRepairConfig": {"enabled": True, "maxParallelNodesRepairedCount": 1},
        },
        updates={
            "scalingConfig.minSize": 0,
            "scalingConfig.desiredSize": 3,
            "scalingConfig.maxSize": 4,
            "labels": {"tier": "user", "more": "yes"},
            "taints": [
                {"key": "dedicated", "value": "user", "effect": "NO_SCHEDULE"},
                {"key": "other", "value": "x", "effect": "NO_EXECUTE"},
            ],
            "launchTemplate.version": "2",
            "updateConfig.maxUnavailable": 2,
            "updateConfig": {"maxUnavailablePercentage": 50},
            "nodeRepairConfig.enabled": False,
            "nodeRepairConfig.maxParallelNodesRepairedCount": 2,
            "nodeRepairConfig": {
                "enabled": True,
                "maxParallelNodesRepairedPercentage": 20,
                "maxUnhealthyNodeThresholdPercentage": 30,
            },
            "nodeRepairConfig.maxUnhealthyNodeThresholdCount": 5,
            "version": "1.35",
            "releaseVersion": "1.61.0-22222222",
            "forceUpdateVersion": True,
        },
        replaces={
            "nodeRoleArn": _other_role,
            "subnetIds": lambda world: world.subnet_ids[1:],
            "amiType": "BOTTLEROCKET_x86_64_FIPS",
            "capacityType": "SPOT",
            "instanceTypes": ["m6i.xlarge"],
            "launchTemplate": ABSENT,
            "diskSize": Swap("launchTemplate", 50),
        },
        planned={
            "clusterName": "another",
            "launchTemplate.id": "lt-0123456789abcdef0",
            "launchTemplate": {"name": "another", "version": "1"},
        },
        starting={"version": {"version": "1.34"}, "releaseVersion": {"releaseVersion": "1.60.0-11111111"}},
        one_way=frozenset({"version"}),
    ),
    Case(
        pulumi_name="aws:eks/fargateProfile:FargateProfile",
        inputs=lambda world: {
            "clusterName": world.cluster,
            "podExecutionRoleArn": world.role_arns[0],
            "subnetIds": world.subnet_ids[:2],
            "selectors": [
                {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
                {"namespace": "logging"},
            ],
        },
        replaces={
            "podExecutionRoleArn": _other_role,
            "subnetIds": lambda world: world.subnet_ids[1:],
            "selectors": [{"namespace": "logging"}],
            "selectors[0].namespace": "default",
            "selectors[0].labels": {"k8s-app": "coredns"},
        },
        planned={"clusterName": "another"},
    ),
    Case(
        pulumi_name="aws:eks/addon:Addon",
        inputs=lambda world: {
            "clusterName": world.cluster,
            "addonName": "vpc-cni",
            "addonVersion": "v1.20.4-eksbuild.1",
            "configurationValues": json.dumps({"enableNetworkPolicy": "true"}),
            "serviceAccountRoleArn": world.role_arns[0],
            "podIdentityAssociations": [{"roleArn": world.role_arns[0], "serviceAccount": "aws-node"}],
            "resolveConflictsOnCreate": "OVERWRITE",
            "resolveConflictsOnUpdate": "PRESERVE",
        },
        updates={
            "addonVersion": "v1.20.5-eksbuild.1",
            "configurationValues": json.dumps({"enableNetworkPolicy": "false"}),
            "serviceAccountRoleArn": _other_role,
            "podIdentityAssociations": lambda world: [
                {"roleArn": world.role_arns[1], "serviceAccount": "another"},
            ],
            "resolveConflictsOnCreate": "NONE",
            "resolveConflictsOnUpdate": "OVERWRITE",
            "preserve": True,
        },
        replaces={"addonName": Swap("podIdentityAssociations", "eks-pod-identity-agent")},
        needed=frozenset({"serviceAccountRoleArn"}),
        planned={"clusterName": "another"},
    ),
    Case(
        pulumi_name="aws:eks/accessEntry:AccessEntry",
        inputs=lambda world: {
            "clusterName": world.cluster,
            "principalArn": world.role_arns[0],
            "kubernetesGroups": ["team-a", "viewers"],
            "userName": "team-a:{{SessionName}}",
        },
        updates={"kubernetesGroups": ["viewers", "team-b"], "userName": "team-b:{{SessionName}}"},
        replaces={"principalArn": _other_role, "type": Swap("kubernetesGroups", Swap("userName", "EC2_LINUX"))},
        side_by_side=False,
        planned={"clusterName": "another"},
    ),
    Case(
        pulumi_name="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        inputs=lambda world: {
            "clusterName": world.cluster,
            "principalArn": world.access_entry_arns[0],
            "policyArn": _POLICY.format("AmazonEKSViewPolicy"),
            "accessScope": {"type": "namespace", "namespaces": ["team-a", "team-b"]},
        },
        replaces={
            "principalArn": lambda world: world.access_entry_arns[1],
            "policyArn": _POLICY.format("AmazonEKSEditPolicy"),
            "accessScope": {"type": "cluster"},
            "accessScope.namespaces": ["team-c"],
        },
        planned={"clusterName": "another"},
    ),
    Case(
        pulumi_name="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        inputs=lambda world: {
            "clusterName": world.cluster,
            "namespace": "team-a",
            "serviceAccount": "app",
            "roleArn": world.role_arns[0],
            "disableSessionTags": True,
            "targetRoleArn": world.role_arns[2],
        },
        updates={
            "roleArn": _other_role,
            "disableSessionTags": False,
            "targetRoleArn": lambda world: world.role_arns[3],
        },
        replaces={"namespace": "team-b", "serviceAccount": "another"},
        planned={"clusterName": "another"},
        import_id=lambda resource: f"{resource.outputs['clusterName']},{resource.id}",
    ),
    Case(
        pulumi_name="aws:autoscaling/tag:Tag",
        inputs=lambda world: {
            "autoscalingGroupName": world.autoscaling_groups[0],
            "tag": {
                "key": "k8s.io/cluster-autoscaler/node-template/label/tier",
                "value": "system",
                "propagateAtLaunch": False,
            },
        },
        updates={"tag.value": "user", "tag.propagateAtLaunch": True},
        replaces={
            "autoscalingGroupName": lambda world: world.autoscaling_groups[1],
            "tag.key": "another",
        },
    ),
)
