"""What the tenant's deployers may do in its namespaces: namespaced objects of applications, and nothing of the rails.

Never the stock ClusterRoles `edit` and `admin`, nor the EKS access policies that mirror them: those hand out tokens of
the account that bears the AWS role, and the right to delete network policies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from namespaces import TenantNamespace
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.rbac import v1 as rbac
from stack_context import StackContext

from shared.iam_identity import replaced_with
from shared.kubernetes_labels import DEPLOYERS_GROUP, deployers_group, tenant_labels

READ = ("get", "list", "watch")
WRITE = (*READ, "create", "update", "patch", "delete")

RULES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("", ("configmaps", "persistentvolumeclaims", "secrets", "services"), WRITE),
    ("apps", ("deployments", "statefulsets"), WRITE),
    ("autoscaling", ("horizontalpodautoscalers",), WRITE),
    ("batch", ("cronjobs", "jobs"), WRITE),
    # `kubectl scale`: the objects have to be there first.
    ("apps", ("deployments/scale", "statefulsets/scale"), ("get", "update", "patch")),
    # Of no use, and no harm, where tier 2 has not the add-on external-secrets.
    ("external-secrets.io", ("externalsecrets",), WRITE),
    ("networking.k8s.io", ("ingresses",), WRITE),
    ("policy", ("poddisruptionbudgets",), WRITE),
    # What waiting for a rollout, and finding out why it hangs, looks at.
    ("", ("endpoints", "events", "pods", "pods/log"), READ),
    # What a refusal names: "exceeded quota", "maximum memory usage per Container", a connection that times out.
    ("", ("limitranges", "resourcequotas"), READ),
    ("networking.k8s.io", ("networkpolicies",), READ),
    ("apps", ("controllerrevisions", "replicasets"), READ),
    ("discovery.k8s.io", ("endpointslices",), READ),
    ("events.k8s.io", ("events",), READ),
    ("external-secrets.io", ("secretstores",), READ),
)
"""API group, resources, verbs. Every kind that can be created has its row in the tenant's quota. Pods come from
controllers only: on EKS a pod without an owner gets no dependable network policy."""


@dataclass(frozen=True, kw_only=True)
class DeployersArgs:
    context: StackContext
    cluster_name: pulumi.Output[str]
    role: aws.iam.Role
    namespaces: Sequence[TenantNamespace]
    """Their rails are made before anybody is let in."""


def policy_rules() -> list[rbac.PolicyRuleArgs]:
    return [
        rbac.PolicyRuleArgs(api_groups=[group], resources=list(resources), verbs=list(verbs))
        for group, resources, verbs in RULES
    ]


class Deployers(pulumi.ComponentResource):
    role_arn: pulumi.Output[str]
    """The deployer role, known once it can sign in and its rights are bound."""

    def __init__(self, name: str, args: DeployersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
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
            principal_arn=args.role.arn,
            kubernetes_groups=[deployers_group(tenant), DEPLOYERS_GROUP],
            tags={"Name": args.context.named("deployers"), "tenant": tenant},
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(parent=self, depends_on=bindings), replaced_with(args.role)
            ),
        )
        self.role_arn = entry.principal_arn
        self.register_outputs({"role_arn": self.role_arn})

    def _bind(self, logical: str, namespace: TenantNamespace) -> rbac.RoleBinding:
        tenant = self._args.context.tenant.name
        metadata = meta.ObjectMetaArgs(name="deployers", namespace=namespace.name, labels=tenant_labels(tenant))
        role = rbac.Role(
            f"{logical}-deployers",
            metadata=metadata,
            rules=policy_rules(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=namespace.rails),
        )
        return rbac.RoleBinding(
            f"{logical}-deployers",
            metadata=metadata,
            role_ref=rbac.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=role.metadata.name),
            subjects=[
                rbac.SubjectArgs(api_group="rbac.authorization.k8s.io", kind="Group", name=deployers_group(tenant))
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
