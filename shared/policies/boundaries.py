"""Which tier may create what, and how workloads are made.

Source of all of them: the four tiers, docs/decisions/0003-contracts.md and `tiers.yaml`.
"""

from __future__ import annotations

from shared.policies.rule import Rule
from shared.policies.view import APPLICATIONS, ResourceView

ALLOWED: dict[int, tuple[str, ...]] = {
    1: ("aws:", "eks:"),
    2: ("kubernetes:", "aws:iam/", "aws:eks/", "aws:cloudwatch/", "aws:sqs/", "aws:ssm/"),
    3: (
        "kubernetes:",
        "aws:iam/",
        "aws:eks/accessEntry:",
        "aws:eks/accessPolicyAssociation:",
        "aws:eks/podIdentityAssociation:",
        "aws:cloudwatch/",
        "aws:ecr/",
        "aws:budgets/",
        "aws:s3/bucketObject",
    ),
    4: ("kubernetes:",),
}
"""Tier to the beginnings of the types that it may create."""

_TITLES = {
    1: "tier 1 makes AWS infrastructure, and no Kubernetes object",
    2: "tier 2 makes cluster-wide Kubernetes objects and the AWS identities that they need",
    3: "tier 3 makes one tenant's Kubernetes objects and its identities in AWS",
    4: "an application makes Kubernetes objects in its tenant's namespaces, and nothing in AWS",
}

NODE_TYPES = (
    "aws:eks/nodeGroup:NodeGroup",
    "aws:eks/fargateProfile:FargateProfile",
    "aws:autoscaling/group:Group",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/instance:Instance",
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
)
_NODE_KINDS = ("Node", "NodeClaim")
_NODE_POOL_KINDS = ("NodePool", "EC2NodeClass", "NodeClass")

CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "FlowSchema",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    }
)
"""Kinds that are in no namespace. Source: `kubectl api-resources --namespaced=false` of Kubernetes 1.35."""

RAILS = frozenset(
    {"LimitRange", "NetworkPolicy", "PolicyEndpoint", "ResourceQuota", "Role", "RoleBinding", "SecurityGroupPolicy"}
)
"""Kinds that keep a tenant on its own track; tier 3 writes them."""


def belongs_to_its_tier(view: ResourceView) -> str | None:
    if view.provider is None:
        # Components and providers create nothing themselves.
        return None
    if view.type.startswith(ALLOWED[view.tier]) or view.package in ("pulumi", "platform"):
        return None
    return f"{view.type} does not belong here: {_TITLES[view.tier]}"


def nodes_are_tier_one(view: ResourceView) -> str | None:
    if view.type in NODE_TYPES and view.tier != 1:
        return f"{view.type} makes nodes, in tier {view.tier}"
    if view.package == "kubernetes" and view.kind in _NODE_KINDS:
        return f"a {view.kind} is made by the cluster, and by no program"
    if view.package == "kubernetes" and view.kind in _NODE_POOL_KINDS and view.tier > 2:
        return f"a {view.kind} makes nodes, in tier {view.tier}"
    return None


def applications_stay_in_namespaces(view: ResourceView) -> str | None:
    if view.tier != APPLICATIONS:
        return None
    if view.kind in CLUSTER_SCOPED:
        return f"a {view.kind} belongs to the whole cluster"
    if view.kind in RAILS:
        return f"a {view.kind} is a rail of the tenant"
    if not view.get("metadata.namespace"):
        return "metadata.namespace is not set, and the kubeconfig's default would be taken"
    return None


def has_a_controller(view: ResourceView) -> str | None:
    if view.kind in ("Pod", "ReplicaSet", "ReplicationController"):
        return f"a {view.kind} of its own is restarted, rolled out and guarded by nobody"
    return None


def services_stay_inside(view: ResourceView) -> str | None:
    kind = view.get("spec.type", "ClusterIP")
    if kind == "LoadBalancer":
        annotations = view.get("metadata.annotations", {})
        if annotations.get("service.beta.kubernetes.io/aws-load-balancer-scheme") != "internal":
            return "a Service of type LoadBalancer opens an endpoint of its own to the internet"
    if kind == "NodePort" and view.tier >= 3:
        return "a Service of type NodePort opens a port on every node, for every tenant"
    return None


RULES = (
    Rule(
        id="tier-boundary",
        description="A tier creates only what its place in the chain allows",
        source="tiers.yaml; shared/policies/boundaries.py, ALLOWED",
        hint="move the resource to the tier that makes this kind of thing",
        check=belongs_to_its_tier,
    ),
    Rule(
        id="nodes-in-tier-1",
        description="Nodes are made by tier 1 alone; pools of them also by an add-on of tier 2",
        source="tiers.yaml: nodes carry the cluster's identity",
        hint="ask the platform team for a node group, and select it by label",
        types=(*NODE_TYPES, "kubernetes:"),
        check=nodes_are_tier_one,
    ),
    Rule(
        id="application-in-its-namespace",
        description="An application makes namespaced objects, none of its tenant's rails, and names their namespace",
        source="docs/decisions/0002-stack-per-tenant.md; Kubernetes, `kubectl api-resources --namespaced=false`",
        hint="set metadata.namespace to a namespace of the tenant; rails and cluster objects are asked of the platform",
        types=("kubernetes:",),
        check=applications_stay_in_namespaces,
    ),
    Rule(
        id="no-bare-pod",
        description="Pods come from controllers: no Pod, ReplicaSet or ReplicationController is made directly",
        source='Kubernetes, Concepts, Workloads, ReplicaSet, "When to use a ReplicaSet"; '
        "EKS user guide, network policies apply to Pods that a controller owns",
        hint="use a Deployment, StatefulSet, DaemonSet or Job",
        types=("kubernetes:core/v1:", "kubernetes:apps/v1:"),
        check=has_a_controller,
    ),
    Rule(
        id="service-not-public",
        description="A Service opens no endpoint of its own to the internet",
        source="AWS Load Balancer Controller, Service annotations, `aws-load-balancer-scheme`",
        hint="use an Ingress, or annotate the Service with aws-load-balancer-scheme: internal",
        types=("kubernetes:core/v1:Service", "kubernetes:core/v1:ServicePatch"),
        check=services_stay_inside,
    ),
)
