"""Permissions of the tenant's deployers in its namespaces: objects of applications, but not the guardrails.

The built-in ClusterRoles `edit` and `admin` and the EKS access policies that mirror them are not used: they allow
creating tokens of the service account with the IAM role, and deleting network policies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from aws_roles import AwsRoles
from namespaces import TenantNamespace
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.rbac import v1 as rbac
from stack_context import StackContext

from shared.iam_identity import replaced_with
from shared.kubernetes_labels import DEPLOYERS_GROUP, deployers_group, tenant_labels

READ = ("get", "list", "watch")
WRITE = (*READ, "create", "update", "patch", "delete")

_API_GROUP = "rbac.authorization.k8s.io"

Rules = tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
"""API group, resources, verbs."""

RULES: Rules = (
    ("", ("configmaps", "persistentvolumeclaims", "secrets", "services"), WRITE),
    ("apps", ("deployments", "statefulsets"), WRITE),
    ("autoscaling", ("horizontalpodautoscalers",), WRITE),
    ("batch", ("cronjobs", "jobs"), WRITE),
    # For `kubectl scale`; can only be used on existing objects.
    ("apps", ("deployments/scale", "statefulsets/scale"), ("get", "update", "patch")),
    # Has no effect if tier 2 does not have the add-on external-secrets.
    ("external-secrets.io", ("externalsecrets",), WRITE),
    ("networking.k8s.io", ("ingresses",), WRITE),
    ("policy", ("poddisruptionbudgets",), WRITE),
    # Read to wait for a rollout and to troubleshoot it.
    ("", ("endpoints", "events", "pods", "pods/log"), READ),
    # The guardrails behind errors such as "exceeded quota", "maximum memory usage per Container" or a timeout.
    ("", ("limitranges", "resourcequotas"), READ),
    ("networking.k8s.io", ("networkpolicies",), READ),
    ("apps", ("controllerrevisions", "replicasets"), READ),
    ("discovery.k8s.io", ("endpointslices",), READ),
    ("events.k8s.io", ("events",), READ),
    ("external-secrets.io", ("secretstores",), READ),
)
"""Every kind that can be created has its row in the tenant's quota. Pods come from
controllers only: on EKS a pod without an owner gets no dependable network policy."""


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """What access to the cluster needs, for deployers and for other people."""

    context: StackContext
    cluster_name: pulumi.Output[str]
    roles: AwsRoles
    namespaces: Sequence[TenantNamespace]
    """Namespaces, whose guardrails are created before access is granted."""


def policy_rules(rules: Rules) -> list[rbac.PolicyRuleArgs]:
    return [
        rbac.PolicyRuleArgs(api_groups=[group], resources=list(resources), verbs=list(verbs))
        for group, resources, verbs in rules
    ]


class Deployers(pulumi.ComponentResource):
    role_arn: pulumi.Output[str]
    """The deployer role; known once its access entry and role bindings exist."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:tenants:Deployers", name, {}, opts)
        self._args = args
        tenant = args.context.tenant.name
        bindings = [
            self._bind(logical, namespace)
            for logical, namespace in zip(args.context.tenant.namespaces, args.namespaces, strict=True)
        ]
        entry = aws.eks.AccessEntry(
            "deployers",
            cluster_name=args.cluster_name,
            principal_arn=args.roles.deployer.arn,
            kubernetes_groups=[deployers_group(tenant), DEPLOYERS_GROUP],
            tags=args.context.tags(args.context.named("deployers")),
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(parent=self, depends_on=bindings), replaced_with(args.roles.deployer)
            ),
        )
        self.role_arn = entry.principal_arn
        self.register_outputs({"role_arn": self.role_arn})

    def _bind(self, logical: str, namespace: TenantNamespace) -> rbac.RoleBinding:
        context = self._args.context
        return bind_people(
            "deployers",
            logical=logical,
            context=context,
            namespace=namespace,
            rules=policy_rules(RULES),
            groups=[deployers_group(context.tenant.name), *context.tenant.people.developers.groups],
            parent=self,
        )


def bind_people(
    name: str,
    *,
    logical: str,
    context: StackContext,
    namespace: TenantNamespace,
    rules: Sequence[rbac.PolicyRuleArgs],
    groups: Sequence[str],
    parent: pulumi.Resource,
) -> rbac.RoleBinding:
    """A Role in one namespace, bound to groups once the namespace's guardrails exist."""
    metadata = meta.ObjectMetaArgs(name=name, namespace=namespace.name, labels=tenant_labels(context.tenant.name))
    role = rbac.Role(
        f"{logical}-{name}",
        metadata=metadata,
        rules=rules,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=namespace.guardrails),
    )
    return rbac.RoleBinding(
        f"{logical}-{name}",
        metadata=metadata,
        role_ref=rbac.RoleRefArgs(api_group=_API_GROUP, kind="Role", name=role.metadata.name),
        subjects=[rbac.SubjectArgs(api_group=_API_GROUP, kind="Group", name=group) for group in groups],
        opts=pulumi.ResourceOptions(parent=parent),
    )
