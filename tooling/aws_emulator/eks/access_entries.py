"""Making access entries: the rules of principals, groups and user names, and the entries EKS makes for nodes.

Source: https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random

from tooling.aws_emulator.eks.operations import Operations
from tooling.aws_emulator.eks.records import AccessEntry, Cluster
from tooling.aws_emulator.eks.refusals import invalid_parameter
from tooling.aws_emulator.iam.identities import unique_id

CLUSTER_ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

ACCESS_POLICIES = tuple(
    f"arn:aws:eks::aws:cluster-access-policy/{name}"
    for name in (
        "AmazonEKSClusterAdminPolicy",
        "AmazonEKSAdminPolicy",
        "AmazonEKSAdminViewPolicy",
        "AmazonEKSEditPolicy",
        "AmazonEKSViewPolicy",
    )
)
"""Those that the controllers bind to ClusterRoles; EKS has more, for its own services."""

NODE_TYPES = {
    "EC2_LINUX": ("system:nodes",),
    "EC2_WINDOWS": ("system:nodes", "eks:kube-proxy-windows"),
    "FARGATE_LINUX": ("system:nodes", "system:node-proxier"),
}
"""Entry types for nodes, with the groups EKS gives them."""

RESERVED_PREFIXES = ("system:", "eks:", "aws:", "amazon:", "iam:")

_PRINCIPAL = re.compile(r"arn:[^:]+:iam::(?P<account>\d{12}):(?:(?P<root>root)|(?P<kind>role|user)/(?P<path>.+))")


def check_principal(operations: Operations, arn: str) -> None:
    """Refuses anything but a role, a user or the root of an account; in this account it must exist."""
    match = _PRINCIPAL.fullmatch(arn)
    if match is None:
        invalid_parameter(f"The principalArn parameter format is not valid: {arn}")
    if match["root"] or match["account"] != operations.current_account:
        return
    iam = iam_backends[operations.current_account][operations.partition]
    known = iam.roles.values() if match["kind"] == "role" else iam.users.values()
    if all(principal.arn != arn for principal in known):
        invalid_parameter(f"The specified principalArn is invalid: invalid principal: {arn}")


def check_names(groups: Sequence[str], username: str | None) -> None:
    """Refuses names that Kubernetes or EKS keep for themselves."""
    for group in groups:
        if group.startswith(RESERVED_PREFIXES):
            invalid_parameter(f"The kubernetes group name {group} is invalid, it cannot start with {_prefix_of(group)}")
    if username and username.startswith(RESERVED_PREFIXES):
        invalid_parameter(f"The username {username} is invalid, it cannot start with {_prefix_of(username)}")


def default_username(principal: str) -> str:
    """The session's ARN for a role, with the session's name left open; else the principal itself."""
    match = _PRINCIPAL.fullmatch(principal)
    if match is None or match["kind"] != "role":
        return principal
    return f"arn:aws:sts::{match['account']}:assumed-role/{match['path'].rsplit('/', 1)[-1]}/{{{{SessionName}}}}"


def add_entry(
    operations: Operations,
    cluster: Cluster,
    principal: str,
    *,
    kind: str,
    groups: Sequence[str] = (),
    username: str | None = None,
    made_by_eks: bool = False,
) -> AccessEntry:
    """Stores an entry whose parts were checked. `groups` and `username` are for kind STANDARD."""
    match = _PRINCIPAL.fullmatch(principal)
    named = f"{match['kind']}/{match['account']}/{match['path']}" if match and match["kind"] else f"root/{principal}"
    entry = AccessEntry(
        cluster=cluster.name,
        principal=principal,
        arn=operations.arn(f"access-entry/{cluster.name}/{named}/{mock_random.uuid4()}"),
        type=kind,
        username=username
        or ("system:node:{{EC2PrivateDNSName}}" if kind in NODE_TYPES else default_username(principal)),
        groups=list(NODE_TYPES.get(kind, groups)),
        tags={},
        principal_id=unique_id(principal),
        made_by_eks=made_by_eks,
    )
    cluster.access_entries[principal] = entry
    return entry


def _prefix_of(name: str) -> str:
    return next(prefix for prefix in RESERVED_PREFIXES if name.startswith(prefix))
