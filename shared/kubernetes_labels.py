"""Labels, annotations and names that tiers agree on inside the cluster. Standard library only.

Keys of ours end in `.internal`, a top-level domain reserved for private use, so that they meet nobody's.
"""

from __future__ import annotations

TENANT_LABEL = "platform.internal/tenant"
"""On every namespace of a tenant and on its rails: which tenant. Cluster-wide policies select by its presence."""

HOSTS_ANNOTATION = "platform.internal/hosts"
"""On a tenant's namespace: host names that its Ingresses may bear, comma-separated."""

REGISTRIES_ANNOTATION = "platform.internal/registries"
"""On a tenant's namespace: registries, as `host/path`, that its images may come from, comma-separated."""

TOLERATIONS_ANNOTATION = "platform.internal/tolerations"
"""On a tenant's namespace: further keys of taints that its pods may tolerate, comma-separated."""

LOAD_BALANCER_SCHEME_ANNOTATION = "platform.internal/load-balancer-scheme"
"""On a tenant's namespace: `internet-facing` or `internal`, the scheme of the tenant's one load balancer."""

BUDGET_LABEL = "platform.internal/budget"
"""On pods: the name of the one PodDisruptionBudget that selects them, by this label alone, so that no two budgets meet
over one pod."""

LONGEST_GRACE_SECONDS = 900
"""The longest termination grace period that a tenant's pods may ask for: an update of a node group waits for it."""

HTTPS_REDIRECT = '{"type":"redirect","redirectConfig":{"protocol":"HTTPS","port":"443","statusCode":"HTTP_301"}}'
"""The one value that a tenant's `alb.ingress.kubernetes.io/actions.<name>` may have: every other action can forward to
a target group of somebody else. It redirects the hosts of its own Ingress, where `ssl-redirect` redirects the whole
load balancer. Source: AWS Load Balancer Controller documentation, "Ingress annotations", actions."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
NAME_LABEL = "app.kubernetes.io/name"

PLATFORM = "platform"
"""Value of `MANAGED_BY_LABEL` on what only the platform team changes."""

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
"""Set by the API server on every namespace, so it cannot be made to lie."""

ROLE_ARN_ANNOTATION = "eks.amazonaws.com/role-arn"
"""On a ServiceAccount: the AWS role that its pods bear. Source: EKS user guide, "IAM roles for service accounts"."""

TENANT_SERVICE_ACCOUNT = "tenant"
"""Bears the tenant's AWS role, in each of its namespaces. The role trusts this name and no other."""

DEPLOYERS_GROUP = "platform:deployers"
"""The Kubernetes group of those who deploy any tenant's applications: what all of them may read, without naming one."""

READINESS_GATE_LABEL = "elbv2.k8s.aws/pod-readiness-gate-inject"
"""On a namespace, `enabled`: its pods are ready once their load balancer reaches them.

Source: AWS Load Balancer Controller documentation, "Pod readiness gate".
"""

INGRESS_CLASS = "alb"
"""IngressClass that applications name."""
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
"""Kubernetes' own and those of add-ons, of which no tenant may have one. Only these may run on Fargate, where network
policies do not hold."""

SERVICE_PRIORITY = "platform-service"
"""PriorityClass of the platform's services outside kube-system."""
AGENT_PRIORITY = "platform-agent"
"""PriorityClass of what the platform runs on every node."""


def deployers_group(tenant: str) -> str:
    """The Kubernetes group of those who deploy a tenant's applications; its access entry puts them there."""
    return f"tenant:{tenant}:deployers"


def tenant_labels(tenant: str) -> dict[str, str]:
    """What every object bears that the platform makes for a tenant."""
    return {TENANT_LABEL: tenant, MANAGED_BY_LABEL: PLATFORM}
