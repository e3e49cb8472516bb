"""Which tier may create which resources, and how workloads are created.

Source of all of them: the four tiers, docs/decisions/0003-contracts.md and `tiers.yaml`.
"""

from __future__ import annotations

from shared.kubeconfig import namespaces_in
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
"""Maps each tier to the prefixes of the type tokens that it may create."""

_TITLES = {
    1: "tier 1 creates AWS infrastructure and no Kubernetes objects",
    2: "tier 2 creates cluster-wide Kubernetes objects and the IAM roles that they need",
    3: "tier 3 creates one tenant's Kubernetes objects and its IAM roles",
    4: "an application creates Kubernetes objects in its tenant's namespaces and nothing in AWS",
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
"""Cluster-scoped kinds. Source: `kubectl api-resources --namespaced=false` of Kubernetes 1.35."""

RAILS = frozenset(
    {"LimitRange", "NetworkPolicy", "PolicyEndpoint", "ResourceQuota", "Role", "RoleBinding", "SecurityGroupPolicy"}
)
"""Kinds of a tenant's guardrails, which tier 3 creates."""


def belongs_to_its_tier(view: ResourceView) -> str | None:
    if view.provider is None:
        # Components and providers create nothing themselves.
        return None
    if view.type.startswith(ALLOWED[view.tier]) or view.package in ("pulumi", "platform"):
        return None
    return f"{view.type} does not belong here: {_TITLES[view.tier]}"


def nodes_are_tier_one(view: ResourceView) -> str | None:
    if view.type in NODE_TYPES and view.tier != 1:
        return f"{view.type} creates nodes, in tier {view.tier}"
    if view.package == "kubernetes" and view.kind in _NODE_KINDS:
        return f"a {view.kind} is created by the cluster, not by a program"
    if view.package == "kubernetes" and view.kind in _NODE_POOL_KINDS and view.tier > 2:
        return f"a {view.kind} creates nodes, in tier {view.tier}"
    return None


def applications_stay_in_namespaces(view: ResourceView) -> str | None:
    if view.tier != APPLICATIONS:
        return None
    if view.kind in CLUSTER_SCOPED:
        return f"a {view.kind} is cluster-scoped"
    if view.kind in RAILS:
        return f"a {view.kind} is a guardrail of the tenant"
    namespace = view.get("metadata.namespace")
    if not namespace:
        return "metadata.namespace is not set, so the kubeconfig's default namespace would be used"
    own = namespaces_in(str((view.provider or {}).get("kubeconfig", "")))
    if own and namespace not in own:
        return f"namespace {namespace} is not one of the tenant's: {', '.join(own)}"
    return None


def has_a_controller(view: ResourceView) -> str | None:
    if view.kind in ("Pod", "ReplicaSet", "ReplicationController"):
        return f"no controller restarts, rolls out or protects a {view.kind} that is created directly"
    return None


def services_stay_inside(view: ResourceView) -> str | None:
    kind = view.get("spec.type", "ClusterIP")
    if kind == "LoadBalancer":
        annotations = view.get("metadata.annotations", {})
        if annotations.get("service.beta.kubernetes.io/aws-load-balancer-scheme") != "internal":
            return "a Service of type LoadBalancer opens its own endpoint to the internet"
    if kind == "NodePort" and view.tier >= 3:
        return "a Service of type NodePort opens a port on every node, for every tenant"
    return None


RULES = (
    Rule(
        id="tier-boundary",
        description="A tier creates only the types of resources that belong to it",
        source="tiers.yaml; shared/policies/boundaries.py, ALLOWED",
        hint="move the resource to the tier that creates this type",
        check=belongs_to_its_tier,
    ),
    Rule(
        id="nodes-in-tier-1",
        description="Only tier 1 creates nodes; add-ons of tier 2 may create node pools",
        source="tiers.yaml: nodes have the cluster's identity",
        hint="ask the platform team for a node group and select it by label",
        types=(*NODE_TYPES, "kubernetes:"),
        check=nodes_are_tier_one,
    ),
    Rule(
        id="application-in-its-namespace",
        description="An application creates objects in its tenant's namespaces only, which it names, and no guardrails",
        source="docs/decisions/0002-stack-per-tenant.md; Kubernetes, `kubectl api-resources --namespaced=false`",
        hint="set metadata.namespace to a namespace of the tenant; ask the platform team for other objects",
        types=("kubernetes:",),
        check=applications_stay_in_namespaces,
    ),
    Rule(
        id="no-bare-pod",
        description="Pods come from controllers: no Pod, ReplicaSet or ReplicationController is created directly",
        source='Kubernetes, Concepts, Workloads, ReplicaSet, "When to use a ReplicaSet"; '
        "EKS user guide, network policies apply to Pods that a controller owns",
        hint="use a Deployment, StatefulSet, DaemonSet or Job",
        types=("kubernetes:core/v1:", "kubernetes:apps/v1:"),
        check=has_a_controller,
    ),
    Rule(
        id="service-not-public",
        description="A Service does not open its own endpoint to the internet",
        source="AWS Load Balancer Controller, Service annotations, `aws-load-balancer-scheme`",
        hint="use an Ingress, or annotate the Service with aws-load-balancer-scheme: internal",
        types=("kubernetes:core/v1:Service", "kubernetes:core/v1:ServicePatch"),
        check=services_stay_inside,
    ),
)
