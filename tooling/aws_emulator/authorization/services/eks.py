"""Questions about requests to EKS and EKS Auth, with the roles that a request hands to a service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moto.eks.models import eks_backends

from tooling.aws_emulator.authorization.questions import TAG_KEYS, Place, Question, tag_context
from tooling.aws_emulator.authorization.reading import Call
from tooling.aws_emulator.authorization.services.backends import existing
from tooling.aws_emulator.authorization.services.iam import of_role

_EKS_ON_EVERYTHING = frozenset(
    {
        "DescribeAddonConfiguration",
        "DescribeAddonVersions",
        "DescribeClusterVersions",
        "ListAccessPolicies",
        "ListClusters",
    }
)
_EKS_PARTS = {
    "nodegroupName": "nodegroup",
    "addonName": "addon",
    "fargateProfileName": "fargateprofile",
    "principalArn": "access-entry",
    "associationId": "podidentityassociation",
}
_EKS_OF_CLUSTER = re.compile(r"(Create|List|Associate(Encryption|Identity)|RegisterCluster)")
"""Operations on the cluster although they name a part of it, or what is to become one."""
_EKS_LISTS_OF_PARTS = frozenset({"ListAssociatedAccessPolicies"})
_ROLES = ("roleArn", "nodeRole", "podExecutionRoleArn", "serviceAccountRoleArn", "targetRoleArn")
_PASSED_TO = {"podExecutionRoleArn": "eks-fargate-pods.amazonaws.com", "nodeRole": "ec2.amazonaws.com"}


def questions(call: Call, place: Place) -> Iterator[Question]:
    given, action = call.parameters, f"eks:{call.operation}"
    if call.operation in _EKS_ON_EVERYTHING:
        yield Question(action=action, context=tag_context(call), keys=TAG_KEYS)
    elif "resourceArn" in given:
        yield Question(action=action, resource=str(given["resourceArn"]), context=tag_context(call), keys=TAG_KEYS)
    else:
        yield _of_cluster_or_part(call, place, action)
    yield from _passed_roles(call)


def _of_cluster_or_part(call: Call, place: Place, action: str) -> Question:
    given = call.parameters
    name = str(given.get("clusterName") or given.get("name") or "")
    backend = existing(eks_backends, place.account, place.region)
    cluster = backend.clusters.get(name) if backend is not None else None
    whole = place.arn("eks", f"cluster/{name}")
    tags = dict(cluster.tags or {}) if cluster is not None else {}
    on_cluster = _EKS_OF_CLUSTER.match(call.operation) and call.operation not in _EKS_LISTS_OF_PARTS
    part = None if on_cluster else next((one for one in _EKS_PARTS if one in given), None)
    if part is not None:
        record = _part(cluster, part, str(given[part]))
        tags = dict(getattr(record, "tags", None) or {})
        kind, wanted = _EKS_PARTS[part], str(given[part])
        found = getattr(record, "arn", None)
        suffix = (
            f"{kind}/{name}/{wanted}" if kind != "access-entry" else f"{kind}/{name}/role/{wanted.rpartition(':')[2]}"
        )
        whole = str(found) if found else place.arn("eks", suffix)
    return Question(action=action, resource=whole, context=tag_context(call, tags), keys=TAG_KEYS)


def _part(cluster: Any, parameter: str, name: str) -> Any:
    if cluster is None:
        return None
    stores = {
        "nodegroupName": "nodegroups",
        "addonName": "addons",
        "fargateProfileName": "fargate_profiles",
        "principalArn": "access_entries",
        "associationId": "pod_identity_associations",
    }
    return getattr(cluster, stores[parameter], {}).get(name)


def _passed_roles(call: Call) -> Iterator[Question]:
    """A role that a request hands to a service has to be one that the caller may pass."""
    if not re.match(r"(Create|Update)", call.operation):
        return
    given = call.parameters
    passed = [(name, given[name]) for name in _ROLES if given.get(name)]
    passed += [("roleArn", one["roleArn"]) for one in given.get("podIdentityAssociations") or () if one.get("roleArn")]
    for name, arn in passed:
        service = _PASSED_TO.get(name, "pods.eks.amazonaws.com" if "Pod" in call.operation else "eks.amazonaws.com")
        yield of_role("iam:PassRole", str(arn), {"iam:PassedToService": service})


def questions_of_auth(call: Call, place: Place) -> Iterator[Question]:
    name = str(call.parameters["clusterName"])
    yield Question(action=f"eks-auth:{call.operation}", resource=place.arn("eks", f"cluster/{name}"), keys=TAG_KEYS)
