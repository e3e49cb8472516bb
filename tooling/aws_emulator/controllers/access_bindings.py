"""RBAC in the place of EKS' access-policy authorizer: one binding an access policy and scope in use.

The policies of EKS are derived from the default ClusterRoles of Kubernetes:
https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from tooling.aws_emulator.authentication.identity import policy_group
from tooling.aws_emulator.controllers.kubernetes_api import Manifest
from tooling.aws_emulator.controllers.snapshot import PolicyGrant

_RBAC = "rbac.authorization.k8s.io"
ADMIN_VIEW_ROLE = "eks:admin-view"

CLUSTER_ROLES = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSAdminViewPolicy": ADMIN_VIEW_ROLE,
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
}
"""By access policy; the keys are the policies that EKS' emulation associates."""


def access_objects(grants: Iterable[PolicyGrant], namespaces: Collection[str]) -> list[Manifest]:
    """The bindings, a RoleBinding in each of `namespaces` that matches a grant's pattern, and one extra role."""
    manifests: list[Manifest] = []
    ordered = sorted(grants, key=lambda grant: (grant.policy, grant.namespace or ""))
    if any(CLUSTER_ROLES[grant.policy] == ADMIN_VIEW_ROLE for grant in ordered):
        manifests.append(_admin_view_role())
    for grant in ordered:
        if grant.namespace is None:
            manifests.append(_binding(grant, None))
            continue
        fitting = sorted(name for name in namespaces if fnmatchcase(name, grant.namespace))
        manifests.extend(_binding(grant, name) for name in fitting)
    return manifests


def _binding(grant: PolicyGrant, namespace: str | None) -> Manifest:
    group = policy_group(grant.policy, grant.namespace)
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": group, **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": CLUSTER_ROLES[grant.policy]},
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group}],
    }


def _admin_view_role() -> Manifest:
    """Reads everything, Secrets too, which `view` does not."""
    reading = ["get", "list", "watch"]
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ADMIN_VIEW_ROLE},
        "rules": [
            {"apiGroups": ["*"], "resources": ["*"], "verbs": reading},
            {"nonResourceURLs": ["*"], "verbs": reading},
        ],
    }
