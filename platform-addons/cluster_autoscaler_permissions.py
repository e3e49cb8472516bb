"""What the cluster autoscaler may do, in AWS and in the cluster: documents and rules, nothing registered."""

from __future__ import annotations

from pulumi_kubernetes.rbac import v1 as rbac

from shared.iam import Statement, policy_document

NAME = "cluster-autoscaler"
NAMESPACE = "kube-system"

_READ = ("get", "list", "watch")


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
        _rule("", ("events",), ("create", "patch")),
        _rule("", ("nodes",), (*_READ, "update")),
        _rule("", ("pods/eviction",), ("create",)),
        _rule("", ("pods/status",), ("update",)),
        _rule(
            "",
            (
                "namespaces",
                "persistentvolumeclaims",
                "persistentvolumes",
                "pods",
                "replicationcontrollers",
                "services",
            ),
            _READ,
        ),
        _rule("apps", ("daemonsets", "replicasets", "statefulsets"), _READ),
        _rule("batch", ("jobs",), (*_READ, "patch")),
        _rule("policy", ("poddisruptionbudgets",), _READ),
        _rule("resource.k8s.io", ("deviceclasses", "resourceclaims", "resourceslices"), _READ),
        _rule(
            "storage.k8s.io",
            ("csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"),
            _READ,
        ),
    ]


def own_namespace_rules() -> list[rbac.PolicyRuleArgs]:
    """Leader election and the status that it writes; names only where the verb has one."""
    return [
        _rule("", ("configmaps",), ("create", "list", "watch")),
        _rule("", ("configmaps",), ("delete", "get", "update"), names=("cluster-autoscaler-status",)),
        _rule("coordination.k8s.io", ("leases",), ("create",)),
        _rule("coordination.k8s.io", ("leases",), ("get", "update"), names=(NAME,)),
    ]


def _rule(
    group: str, resources: tuple[str, ...], verbs: tuple[str, ...], *, names: tuple[str, ...] = ()
) -> rbac.PolicyRuleArgs:
    return rbac.PolicyRuleArgs(
        api_groups=[group], resources=list(resources), verbs=list(verbs), resource_names=list(names) or None
    )
