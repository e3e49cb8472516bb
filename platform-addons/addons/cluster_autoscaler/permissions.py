"""What the cluster autoscaler may do, in AWS and in the cluster: documents and rules, nothing registered."""

from __future__ import annotations

from pulumi_kubernetes.rbac import v1 as rbac

from shared.iam import Statement, policy_document
from shared.rbac import rule

NAME = "cluster-autoscaler"
NAMESPACE = "kube-system"


def scaling_policy(cluster_name: str) -> str:
    """Reads everything that it must compare, writes to groups that carry this cluster's tag.

    EKS itself puts the tag on the groups of managed node groups.

    Source: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/README.md, "Full Cluster Autoscaler Features
    Policy"; EKS user guide, "Scale cluster compute with Karpenter and Cluster Autoscaler".
    """
    return policy_document(
        Statement(
            sid="ReadGroups",
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
                "eks:DescribeNodegroup",
            ],
            resources=["*"],
        ),
        Statement(
            sid="ScaleOwnGroups",
            actions=["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            resources=["*"],
            conditions={"StringEquals": {f"autoscaling:ResourceTag/k8s.io/cluster-autoscaler/{cluster_name}": "owned"}},
        ),
    )


def cluster_rules() -> list[rbac.PolicyRuleArgs]:
    """Everything that takes part in simulating the scheduler, and nodes and evictions to act on.

    Source: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/examples/cluster-autoscaler-autodiscover.yaml;
    ours leaves out the retired `extensions` group, and keeps leases and ConfigMaps in its own namespace.
    """
    return [
        rule("", ("events",), ("create", "patch")),
        rule("", ("nodes",), ("get", "list", "watch", "update")),
        rule("", ("pods/eviction",), ("create",)),
        rule("", ("pods/status",), ("update",)),
        rule(
            "",
            (
                "namespaces",
                "persistentvolumeclaims",
                "persistentvolumes",
                "pods",
                "replicationcontrollers",
                "services",
            ),
        ),
        rule("apps", ("daemonsets", "replicasets", "statefulsets")),
        rule("batch", ("jobs",), ("get", "list", "watch", "patch")),
        rule("policy", ("poddisruptionbudgets",)),
        rule("resource.k8s.io", ("deviceclasses", "resourceclaims", "resourceslices")),
        rule(
            "storage.k8s.io",
            ("csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"),
        ),
    ]


def own_namespace_rules() -> list[rbac.PolicyRuleArgs]:
    """Leader election and the status that it writes; names only where the verb has one."""
    return [
        rule("", ("configmaps",), ("create", "list", "watch")),
        rule("", ("configmaps",), ("delete", "get", "update"), names=("cluster-autoscaler-status",)),
        rule("coordination.k8s.io", ("leases",), ("create",)),
        rule("coordination.k8s.io", ("leases",), ("get", "update"), names=(NAME,)),
    ]
