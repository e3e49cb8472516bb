"""Labels, annotations and names inside the cluster that several tiers use. Standard library only.

The platform's own keys use the domain `.internal`, which is reserved for private use, so that they cannot collide.
"""

from __future__ import annotations

TENANT_LABEL = "platform.internal/tenant"
"""On every tenant namespace and its guardrails: the tenant's name. Cluster-wide policies select by its presence."""

HOSTS_ANNOTATION = "platform.internal/hosts"
"""On a tenant namespace: host names that its Ingresses may use, comma-separated."""

REGISTRIES_ANNOTATION = "platform.internal/registries"
"""On a tenant namespace: registries, as `host/path`, that it may pull images from, comma-separated."""

TOLERATIONS_ANNOTATION = "platform.internal/tolerations"
"""On a tenant namespace: additional taint keys that its pods may tolerate, comma-separated."""

LOAD_BALANCER_SCHEME_ANNOTATION = "platform.internal/load-balancer-scheme"
"""On a tenant namespace: the scheme of the tenant's load balancer, `internet-facing` or `internal`."""

COST_CENTRE_LABEL = "platform.internal/cost-centre"
"""On a tenant namespace: the cost centre of the tenant's file."""

POD_SECURITY_REASON_ANNOTATION = "platform.internal/pod-security-reason"
"""On a tenant namespace whose Pod Security level is not `restricted`: why, and until when."""

BUDGET_LABEL = "platform.internal/budget"
"""On pods: the name of their PodDisruptionBudget. Budgets select by this label only, so that no pod is selected by two
budgets."""

LONGEST_GRACE_SECONDS = 900
"""Longest termination grace period of a tenant's pods, in seconds; node group updates wait for it."""

HTTPS_REDIRECT = '{"type":"redirect","redirectConfig":{"protocol":"HTTPS","port":"443","statusCode":"HTTP_301"}}'
"""The only value allowed for a tenant's `alb.ingress.kubernetes.io/actions.<name>`: other actions can forward to target
groups that belong to others. It redirects only the hosts of its own Ingress, while `ssl-redirect` redirects the whole
load balancer. Source: AWS Load Balancer Controller documentation, "Ingress annotations", actions."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
NAME_LABEL = "app.kubernetes.io/name"
PART_OF_LABEL = "app.kubernetes.io/part-of"
"""On objects and pods of an application: its project. Two applications can share a namespace, and a component's name is
unique in its own program only."""

PLATFORM = "platform"
"""Value of `MANAGED_BY_LABEL` on objects that only the platform team may change."""

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
"""Set by the API server on every namespace, so it cannot be forged."""

ROLE_ARN_ANNOTATION = "eks.amazonaws.com/role-arn"
"""On a ServiceAccount: the IAM role of its pods. Source: EKS user guide, "IAM roles for service accounts"."""

TENANT_SERVICE_ACCOUNT = "tenant"
"""ServiceAccount with the tenant's IAM role, in each of its namespaces. The role trusts only this name."""

DEPLOYERS_GROUP = "platform:deployers"
"""Kubernetes group of all tenants' deployers, for permissions that do not depend on the tenant."""

READINESS_GATE_LABEL = "elbv2.k8s.aws/pod-readiness-gate-inject"
"""On a namespace, `enabled`: its pods become ready once their load balancer can reach them.

Source: AWS Load Balancer Controller documentation, "Pod readiness gate".
"""

INGRESS_CLASS = "alb"
"""IngressClass that applications use."""
DEFAULT_STORAGE_CLASS = "gp3"

PLATFORM_NAMESPACES = (
    "amazon-cloudwatch",
    "aws-observability",
    "default",
    "external-dns",
    "external-secrets",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "logging",
)
"""Namespaces of Kubernetes and the add-ons, which no tenant can use. Only these may run on Fargate, where network
policies are not enforced."""

SERVICE_PRIORITY = "platform-service"
"""PriorityClass of platform services outside kube-system."""
AGENT_PRIORITY = "platform-agent"
"""PriorityClass of platform agents that run on every node."""


def deployers_group(tenant: str) -> str:
    """Kubernetes group of a tenant's deployers, assigned by its access entry."""
    return f"tenant:{tenant}:deployers"


def people_group(tenant: str, role: str) -> str:
    """Kubernetes group of the people with a role of a tenant, `owners` or `viewers`, assigned by its access entry."""
    return f"tenant:{tenant}:{role}"


def tenant_labels(tenant: str) -> dict[str, str]:
    """Labels of every object that the platform creates for a tenant."""
    return {TENANT_LABEL: tenant, MANAGED_BY_LABEL: PLATFORM}
