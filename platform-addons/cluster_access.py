"""RBAC of add-on service accounts: a role and its binding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def bind_in_cluster(
    name: str,
    account: core.ServiceAccount,
    rules: Sequence[rbac.PolicyRuleArgs],
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """Creates a ClusterRole `name`, bound cluster-wide. Returns the binding."""
    metadata = meta.ObjectMetaArgs(name=name, labels=dict(labels))
    role = rbac.ClusterRole(name, metadata=metadata, rules=list(rules), opts=opts)
    return rbac.ClusterRoleBinding(
        name,
        metadata=metadata,
        role_ref=rbac.RoleRefArgs(api_group=_API_GROUP, kind="ClusterRole", name=role.metadata.name),
        subjects=[_subject(account)],
        opts=opts,
    )


def bind_in_namespace(
    name: str,
    namespace: pulumi.Input[str],
    account: core.ServiceAccount,
    rules: Sequence[rbac.PolicyRuleArgs],
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """Creates a Role `name`, bound in one namespace. Returns the binding."""
    metadata = meta.ObjectMetaArgs(name=name, namespace=namespace, labels=dict(labels))
    role = rbac.Role(name, metadata=metadata, rules=list(rules), opts=opts)
    return rbac.RoleBinding(
        name,
        metadata=metadata,
        role_ref=rbac.RoleRefArgs(api_group=_API_GROUP, kind="Role", name=role.metadata.name),
        subjects=[_subject(account)],
        opts=opts,
    )


def _subject(account: core.ServiceAccount) -> rbac.SubjectArgs:
    return rbac.SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=account.metadata.namespace)
