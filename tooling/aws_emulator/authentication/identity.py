"""From a verified caller to a Kubernetes user: the cluster's access entries, and the access policies associated.

EKS evaluates access policies in an authorizer of its own, outside RBAC. Here each association is a group which the
controllers bind to a ClusterRole of the same meaning. The group's name begins with `eks:`, which EKS refuses in access
entries, so nobody can claim it.
"""

from __future__ import annotations

import datetime
import hmac
from dataclasses import dataclass, field
from typing import cast

from moto.core.utils import utcnow
from moto.eks.models import eks_backends

from tooling.aws_emulator.authentication.token import Token, TokenRefused, parse, signed_with
from tooling.aws_emulator.authorization.operators import OPERATORS
from tooling.aws_emulator.callers import Caller, caller_of
from tooling.aws_emulator.eks.access_entries import NODE_TYPES
from tooling.aws_emulator.eks.records import AccessEntry, Cluster
from tooling.aws_emulator.iam.identities import unique_id

POLICY_GROUP_PREFIX = "eks:access-policy:"


@dataclass(frozen=True, kw_only=True)
class User:
    """`status.user` of a TokenReview; `system:authenticated` is added by the API server."""

    username: str
    uid: str
    groups: list[str]
    extra: dict[str, list[str]] = field(default_factory=dict)


def policy_group(policy: str, namespace: str | None = None) -> str:
    """`eks:access-policy:AmazonEKSViewPolicy`, or `…:<namespace or pattern>` if the scope is one."""
    return f"{POLICY_GROUP_PREFIX}{policy}" + (f":{namespace}" if namespace else "")


def user_of(text: str, *, now: datetime.datetime) -> User:
    """The user of a token. Raises TokenRefused. The state lock must be held."""
    token = parse(text, now=now)
    caller = caller_of(token.access_key)
    cluster = _only_cluster()
    _verify(token, caller, cluster)
    entry = _entry(cluster, caller)
    if entry.type in NODE_TYPES:
        raise TokenRefused(f"{caller.arn} has an access entry for nodes, and the local lane has no kubelets")
    groups = [*entry.groups]
    for association in entry.policies.values():
        if association.scope == "cluster":
            groups.append(policy_group(association.policy))
        else:
            groups.extend(policy_group(association.policy, namespace) for namespace in association.namespaces)
    return User(
        username=_filled(entry.username, caller),
        uid=f"aws-iam-authenticator:{caller.account}:{caller.principal_id.split(':')[0]}",
        groups=groups,
        extra={
            "accessKeyId": [token.access_key],
            "arn": [caller.session_arn or caller.arn],
            "canonicalArn": [caller.arn],
            "principalId": [caller.principal_id],
            "sessionName": [caller.session_name],
        },
    )


def _only_cluster() -> Cluster:
    for _account, _region, backend in list(eks_backends.iter_backends()):
        for cluster in cast(dict[str, Cluster], backend.clusters).values():  # type: ignore[attr-defined]
            return cluster
    raise TokenRefused("there is no EKS cluster")


def _verify(token: Token, caller: Caller, cluster: Cluster) -> None:
    session = caller.session
    if session is None and token.session_token:
        raise TokenRefused("token's session is unknown: it is from before a restart, or from another account")
    if session is not None:
        if not hmac.compare_digest(session.session_token, token.session_token):
            raise TokenRefused("token's session token does not belong to its access key")
        if session.expiration < utcnow():
            raise TokenRefused(f"the session {caller.session_arn} has expired")
        role = unique_id(caller.arn)
        if role and role != caller.principal_id.split(":")[0]:
            raise TokenRefused(f"the session {caller.session_arn} is of a role that was deleted")
    secret = caller.secret_key or OPERATORS.secrets.get(token.access_key, "")
    if not secret:
        raise TokenRefused("token's access key is unknown: neither IAM nor STS issued it")
    if not signed_with(token, secret_key=secret, cluster=cluster.name):
        raise TokenRefused(
            f"token's signature does not match: not signed by its key, or not for cluster {cluster.name}"
        )


def _entry(cluster: Cluster, caller: Caller) -> AccessEntry:
    entry = cluster.access_entries.get(caller.arn)
    if entry is not None:
        if entry.principal_id and entry.principal_id != caller.principal_id.split(":")[0]:
            raise TokenRefused(
                f"the access entry of cluster {cluster.name} for {caller.arn} is for the principal "
                f"{entry.principal_id}, which was deleted; the caller is {caller.principal_id.split(':')[0]}"
            )
        return entry
    mapped = " (the local lane does not read aws-auth)" if cluster.access_config["authenticationMode"] != "API" else ""
    raise TokenRefused(f"cluster {cluster.name} has no access entry for {caller.arn}{mapped}")


def _filled(username: str, caller: Caller) -> str:
    """Source: https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html, user name templates."""
    values = {
        "{{AccountID}}": caller.account,
        "{{SessionName}}": caller.session_name.replace("@", "-"),
        "{{SessionNameRaw}}": caller.session_name,
    }
    for template, value in values.items():
        username = username.replace(template, value)
    return username
