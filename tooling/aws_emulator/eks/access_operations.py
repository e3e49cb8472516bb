"""Access entries and the access policies associated with them."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from tooling.aws_emulator.eks.access_entries import (
    ACCESS_POLICIES,
    NODE_TYPES,
    add_entry,
    check_names,
    check_principal,
)
from tooling.aws_emulator.eks.operations import Operations, found
from tooling.aws_emulator.eks.records import AccessEntry, Cluster, Document, PolicyAssociation
from tooling.aws_emulator.eks.refusals import in_use, invalid_parameter, invalid_request


class AccessOperations(Operations):
    def create_access_entry(self) -> ActionResult:
        cluster, principal = self.cluster_with_entries(), self.parameter("principalArn")
        kind, groups, username = (
            self.parameter("type") or "STANDARD",
            self.parameter("kubernetesGroups") or [],
            self.parameter("username"),
        )
        if kind != "STANDARD" and kind not in NODE_TYPES:
            invalid_parameter(f"the local lane does not model access entries of type {kind}")
        if kind in NODE_TYPES and (groups or username):
            invalid_parameter(f"kubernetesGroups and username cannot be given for an access entry of type {kind}")
        if principal in cluster.access_entries:
            in_use("The specified access entry resource is already in use on this cluster.")
        check_principal(self, principal)
        check_names(groups, username)
        entry = add_entry(self, cluster, principal, kind=kind, groups=groups, username=username)
        entry.tags = dict(self.parameter("tags") or {})
        return ActionResult({"accessEntry": entry.document()})

    def describe_access_entry(self) -> ActionResult:
        return ActionResult({"accessEntry": self.entry().document()})

    def update_access_entry(self) -> ActionResult:
        entry, groups, username = self.entry(), self.parameter("kubernetesGroups"), self.parameter("username")
        if entry.type in NODE_TYPES and (groups or username):
            invalid_parameter(f"kubernetesGroups and username cannot be given for an access entry of type {entry.type}")
        check_names(groups or [], username)
        if groups is not None:
            entry.groups = list(groups)
        if username:
            entry.username = username
        entry.modified_at = utcnow()
        return ActionResult({"accessEntry": entry.document()})

    def delete_access_entry(self) -> ActionResult:
        entry = self.entry()
        del self.cluster().access_entries[entry.principal]
        return EmptyResult()

    def list_access_entries(self) -> ActionResult:
        policy = self.parameter("associatedPolicyArn")
        entries = self.cluster_with_entries().access_entries.values()
        return self.page(
            "accessEntries", [entry.principal for entry in entries if policy is None or policy in entry.policies]
        )

    def list_access_policies(self) -> ActionResult:
        return ActionResult(
            {"accessPolicies": [{"name": arn.rsplit("/", 1)[-1], "arn": arn} for arn in ACCESS_POLICIES]}
        )

    def associate_access_policy(self) -> ActionResult:
        entry, arn, scope = self.entry(), self.parameter("policyArn"), self.parameter("accessScope") or {}
        if arn not in ACCESS_POLICIES:
            invalid_parameter(f"The policyArn {arn} is not valid, or the local lane does not model it")
        if entry.type != "STANDARD":
            invalid_parameter(f"Access policies cannot be associated with an access entry of type {entry.type}")
        association = _association(arn, scope)
        before = entry.policies.get(arn)
        if before is not None:
            association.associated_at = before.associated_at
        entry.policies[arn] = association
        return ActionResult(
            {
                "clusterName": entry.cluster,
                "principalArn": entry.principal,
                "associatedAccessPolicy": association.document(),
            }
        )

    def disassociate_access_policy(self) -> ActionResult:
        entry, arn = self.entry(), self.parameter("policyArn")
        found(entry.policies, arn, f"The specified policyArn could not be found: {arn}")
        del entry.policies[arn]
        return EmptyResult()

    def list_associated_access_policies(self) -> ActionResult:
        entry = self.entry()
        return ActionResult(
            {
                "clusterName": entry.cluster,
                "principalArn": entry.principal,
                "associatedAccessPolicies": [association.document() for association in entry.policies.values()],
            }
        )

    def cluster_with_entries(self) -> Cluster:
        """The cluster, unless its authentication mode has no access entries."""
        cluster = self.cluster()
        if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
            invalid_request(
                "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
                "to perform this operation."
            )
        return cluster

    def entry(self) -> AccessEntry:
        principal = self.parameter("principalArn")
        return found(
            self.cluster_with_entries().access_entries,
            principal,
            f"The specified principalArn could not be found: {principal}",
        )


def _association(arn: str, scope: Document) -> PolicyAssociation:
    kind, namespaces = scope.get("type"), list(scope.get("namespaces") or [])
    if kind == "cluster":
        if namespaces:
            invalid_parameter("accessScope of type cluster cannot name namespaces")
        return PolicyAssociation(policy_arn=arn, scope="cluster")
    if kind != "namespace":
        invalid_parameter(f"The accessScope type must be cluster or namespace, not {kind}")
    if not namespaces:
        invalid_parameter("accessScope of type namespace must name at least one namespace")
    return PolicyAssociation(policy_arn=arn, scope="namespace", namespaces=namespaces)
