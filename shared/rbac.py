"""Kubernetes RBAC: rules, and a role together with its binding."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta
from pulumi_kubernetes.rbac import v1 as rbac

_API_GROUP = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")


def rule(
    group: str, resources: Sequence[str], verbs: Sequence[str] = _READ, *, names: Sequence[str] = ()
) -> rbac.PolicyRuleArgs:
    """Read access, unless `verbs` are given."""
    return rbac.PolicyRuleArgs(
        api_groups=[group], resources=list(resources), verbs=list(verbs), resource_names=list(names) or None
    )


def group_subject(name: str) -> rbac.SubjectArgs:
    return rbac.SubjectArgs(api_group=_API_GROUP, kind="Group", name=name)


def account_subject(account: core.ServiceAccount) -> rbac.SubjectArgs:
    return rbac.SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=account.metadata.namespace)


def bind_in_cluster(
    name: str,
    metadata: meta.ObjectMetaArgs,
    subject: rbac.SubjectArgs,
    rules: Sequence[rbac.PolicyRuleArgs],
    opts: pulumi.ResourceOptions,
) -> rbac.ClusterRoleBinding:
    """Creates a ClusterRole bound cluster-wide, both with the logical name `name` and this metadata.

    Returns:
        The binding.
    """
    role = rbac.ClusterRole(name, metadata=metadata, rules=list(rules), opts=opts)
    return rbac.ClusterRoleBinding(
        name,
        metadata=metadata,
        role_ref=rbac.RoleRefArgs(api_group=_API_GROUP, kind="ClusterRole", name=role.metadata.name),
        subjects=[subject],
        opts=opts,
    )


def bind_in_namespace(
    name: str,
    metadata: meta.ObjectMetaArgs,
    subject: rbac.SubjectArgs,
    rules: Sequence[rbac.PolicyRuleArgs],
    opts: pulumi.ResourceOptions,
    *,
    after: Sequence[pulumi.Resource] = (),
) -> rbac.RoleBinding:
    """Creates a Role bound in the namespace of `metadata`, both with the logical name `name` and this metadata.

    Args:
        after: created before the role.

    Returns:
        The binding.
    """
    role = rbac.Role(
        name,
        metadata=metadata,
        rules=list(rules),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(after))) if after else opts,
    )
    return rbac.RoleBinding(
        name,
        metadata=metadata,
        role_ref=rbac.RoleRefArgs(api_group=_API_GROUP, kind="Role", name=role.metadata.name),
        subjects=[subject],
        opts=opts,
    )
