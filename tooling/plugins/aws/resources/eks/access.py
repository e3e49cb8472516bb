"""Rows of cluster access: access entries, access policy associations and pod identity associations."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.naming_case import first, picked, unless_gone, without_aws_tags
from tooling.plugins.aws.engine.refusals import one_of
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.aws.resources.eks.operations import EksOperations, split_id


class AccessEntry(EksOperations):
    pulumi_name = "aws:eks/accessEntry:AccessEntry"
    arn_output = "accessEntryArn"

    def create(self, inputs: Values) -> str:
        username = {"username": inputs["userName"]} if inputs.get("userName") else {}
        self.eks.create_access_entry(
            tags=inputs.get("tagsAll") or {},
            **picked(inputs, ("clusterName", "principalArn", "kubernetesGroups", "type")),
            **username,
        )
        return f"{inputs['clusterName']}:{inputs['principalArn']}"

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        cluster, principal = split_id(resource_id)
        found = unless_gone(self.eks.describe_access_entry, clusterName=cluster, principalArn=principal)
        if found is None:
            return None
        entry = found["accessEntry"]
        return {
            **picked(entry, ("accessEntryArn", "clusterName", "kubernetesGroups", "principalArn", "type")),
            "createdAt": entry["createdAt"].isoformat(),
            "modifiedAt": entry["modifiedAt"].isoformat(),
            "userName": entry.get("username"),
            "tagsAll": without_aws_tags(entry.get("tags")),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        cluster, principal = split_id(resource_id)
        username = {"username": inputs["userName"]} if "userName" in changed else {}
        self.eks.update_access_entry(
            clusterName=cluster,
            principalArn=principal,
            kubernetesGroups=inputs.get("kubernetesGroups") or [],
            **username,
        )

    def delete(self, resource_id: str, state: Values) -> None:
        cluster, principal = split_id(resource_id)
        self.eks.delete_access_entry(clusterName=cluster, principalArn=principal)


class AccessPolicyAssociation(EksOperations):
    pulumi_name = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"

    def create(self, inputs: Values) -> str:
        self.eks.associate_access_policy(
            accessScope=picked(inputs["accessScope"], ("type", "namespaces")),
            **picked(inputs, ("clusterName", "principalArn", "policyArn")),
        )
        return f"{inputs['clusterName']}#{inputs['principalArn']}#{inputs['policyArn']}"

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        cluster, principal, policy = resource_id.split("#")
        found = unless_gone(self.eks.list_associated_access_policies, clusterName=cluster, principalArn=principal)
        policies = found["associatedAccessPolicies"] if found is not None else []
        association = first(item for item in policies if item["policyArn"] == policy)
        return association and {
            "clusterName": cluster,
            "principalArn": principal,
            "policyArn": policy,
            "accessScope": association["accessScope"],
            "associatedAt": association["associatedAt"].isoformat(),
            "modifiedAt": association["modifiedAt"].isoformat(),
        }

    def delete(self, resource_id: str, state: Values) -> None:
        cluster, principal, policy = resource_id.split("#")
        self.eks.disassociate_access_policy(clusterName=cluster, principalArn=principal, policyArn=policy)


class PodIdentityAssociation(EksOperations):
    pulumi_name = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    arn_output = "associationArn"

    def create(self, inputs: Values) -> str:
        names = ("clusterName", "namespace", "serviceAccount", "roleArn", "disableSessionTags", "targetRoleArn")
        answer = self.eks.create_pod_identity_association(tags=inputs.get("tagsAll") or {}, **picked(inputs, names))
        return answer["association"]["associationId"]

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        """An import's id is `<cluster>,<association id>`: the association id alone does not identify the cluster."""
        cluster, _, association_id = resource_id.rpartition(",")
        cluster = cluster or known.get("clusterName") or ""
        found = unless_gone(
            self.eks.describe_pod_identity_association, clusterName=cluster, associationId=association_id
        )
        if found is None:
            return None
        names = (
            "associationArn",
            "associationId",
            "clusterName",
            "disableSessionTags",
            "externalId",
            "namespace",
            "roleArn",
            "serviceAccount",
            "targetRoleArn",
        )
        association = found["association"]
        return {**picked(association, names), "tagsAll": without_aws_tags(association.get("tags"))}

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        request = picked(inputs, [key for key in ("roleArn", "disableSessionTags") if key in changed])
        if "targetRoleArn" in changed:
            request["targetRoleArn"] = inputs.get("targetRoleArn") or ""
        self.eks.update_pod_identity_association(
            clusterName=state["clusterName"], associationId=state["associationId"], **request
        )

    def delete(self, resource_id: str, state: Values) -> None:
        self.eks.delete_pod_identity_association(clusterName=state["clusterName"], associationId=state["associationId"])


def _check_scope(inputs: Values) -> list[tuple[str, str]]:
    scope = inputs["accessScope"]
    if scope["type"] == "namespace" and not scope.get("namespaces"):
        return [("accessScope.namespaces", "an access scope of type `namespace` needs `namespaces`")]
    if scope["type"] == "cluster" and scope.get("namespaces"):
        return [("accessScope.namespaces", "an access scope of type `cluster` has no `namespaces`")]
    return []


ROWS = (
    Row(
        pulumi_name=AccessEntry.pulumi_name,
        source="eks_access_entry",
        inputs={
            "clusterName": Input(required=True, replaces=True),
            "principalArn": Input(required=True, replaces=True),
            "kubernetesGroups": Input(computed=True, unordered=True),
            "type": Input(
                default="STANDARD",
                replaces=True,
                refusal=one_of("STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX"),
            ),
            "userName": Input(computed=True),
        },
        outputs=("accessEntryArn", "createdAt", "modifiedAt"),
        operations=AccessEntry,
        recomputed={"*": ("modifiedAt",)},
        import_note="<cluster>:<principal ARN>",
    ),
    Row(
        pulumi_name=AccessPolicyAssociation.pulumi_name,
        source="eks_access_policy_association",
        inputs={
            "clusterName": Input(required=True, replaces=True),
            "principalArn": Input(required=True, replaces=True),
            "policyArn": Input(required=True, replaces=True),
            "accessScope": Input(
                required=True,
                replaces=True,
                members={
                    "type": Input(required=True, refusal=one_of("cluster", "namespace")),
                    "namespaces": Input(unordered=True),
                },
            ),
        },
        outputs=("associatedAt", "modifiedAt"),
        operations=AccessPolicyAssociation,
        tagged=False,
        # EKS keeps one association per policy and principal; creating the new one first would change the old one
        delete_before_replace=True,
        check=_check_scope,
        import_note="<cluster>#<principal ARN>#<policy ARN>",
    ),
    Row(
        pulumi_name=PodIdentityAssociation.pulumi_name,
        source="eks_pod_identity_association",
        inputs={
            "clusterName": Input(required=True, replaces=True),
            "namespace": Input(required=True, replaces=True),
            "serviceAccount": Input(required=True, replaces=True),
            "roleArn": Input(required=True),
            "disableSessionTags": Input(computed=True),
            "targetRoleArn": Input(),
        },
        outputs=("associationArn", "associationId", "externalId"),
        operations=PodIdentityAssociation,
        recomputed={"targetRoleArn": ("externalId",)},
        import_note="<cluster>,<association id>",
    ),
)
