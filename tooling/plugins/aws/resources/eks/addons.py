"""Row of EKS add-ons."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.equivalence import json_document
from tooling.plugins.aws.engine.naming_case import picked, unless_gone, without_aws_tags
from tooling.plugins.aws.engine.refusals import one_of
from tooling.plugins.aws.engine.row import Input, Row, Values
from tooling.plugins.aws.resources.eks.operations import EksOperations, split_id

_NAME = "aws:eks/addon:Addon"


class Addon(EksOperations):
    pulumi_name = _NAME

    def create(self, inputs: Values) -> str:
        cluster, name = inputs["clusterName"], inputs["addonName"]
        self.eks.create_addon(
            clusterName=cluster,
            addonName=name,
            tags=inputs.get("tagsAll") or {},
            **picked(
                inputs, ("addonVersion", "configurationValues", "serviceAccountRoleArn", "podIdentityAssociations")
            ),
            **_conflicts(inputs, "resolveConflictsOnCreate"),
        )
        return f"{cluster}:{name}"

    def complete(self, resource_id: str, inputs: Values) -> None:
        cluster, name = split_id(resource_id)
        self.wait_until_active(
            f"add-on {name}", lambda: self.eks.describe_addon(clusterName=cluster, addonName=name)["addon"]
        )

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        cluster, name = split_id(resource_id)
        found = unless_gone(self.eks.describe_addon, clusterName=cluster, addonName=name)
        if found is None:
            return None
        addon = found["addon"]
        return {
            **picked(addon, ("addonName", "addonVersion", "clusterName", "configurationValues")),
            "arn": addon["addonArn"],
            "createdAt": addon["createdAt"].isoformat(),
            "modifiedAt": addon["modifiedAt"].isoformat(),
            "serviceAccountRoleArn": addon.get("serviceAccountRoleArn"),
            "podIdentityAssociations": [
                self._association(cluster, arn) for arn in addon.get("podIdentityAssociations") or []
            ],
            "tagsAll": without_aws_tags(addon.get("tags")),
        }

    def _association(self, cluster: str, arn: str) -> dict[str, str]:
        """An add-on lists only the ARNs of its associations; their content has to be read separately."""
        answer = self.eks.describe_pod_identity_association(clusterName=cluster, associationId=arn.rsplit("/", 1)[-1])
        return picked(answer["association"], ("roleArn", "serviceAccount"))

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        cluster, name = split_id(resource_id)
        request = picked(inputs, [key for key in ("addonVersion", "serviceAccountRoleArn") if key in changed])
        if "configurationValues" in changed:
            request["configurationValues"] = inputs.get("configurationValues") or ""
        if "podIdentityAssociations" in changed:
            request["podIdentityAssociations"] = inputs.get("podIdentityAssociations") or []
        if request:
            answer = self.eks.update_addon(
                clusterName=cluster, addonName=name, **request, **_conflicts(inputs, "resolveConflictsOnUpdate")
            )
            self.wait_for_update(answer, name=cluster, addonName=name)

    def delete(self, resource_id: str, state: Values) -> None:
        cluster, name = split_id(resource_id)
        self.eks.delete_addon(clusterName=cluster, addonName=name, preserve=bool(state.get("preserve")))
        self.wait_until_gone(f"add-on {name}", self.eks.describe_addon, clusterName=cluster, addonName=name)


def _conflicts(inputs: Values, name: str) -> dict[str, str]:
    return {"resolveConflicts": inputs[name]} if inputs.get(name) else {}


ROWS = (
    Row(
        pulumi_name=_NAME,
        source="eks_addon",
        inputs={
            "clusterName": Input(required=True, replaces=True),
            "addonName": Input(required=True, replaces=True),
            "addonVersion": Input(computed=True),
            "configurationValues": Input(canonical_form=json_document),
            "serviceAccountRoleArn": Input(stays="boto3 sends no empty role"),
            "podIdentityAssociations": Input(
                unordered=True, members={"roleArn": Input(required=True), "serviceAccount": Input(required=True)}
            ),
            "resolveConflictsOnCreate": Input(write_only=True, refusal=one_of("NONE", "OVERWRITE")),
            "resolveConflictsOnUpdate": Input(write_only=True, refusal=one_of("NONE", "OVERWRITE", "PRESERVE")),
            "preserve": Input(write_only=True),
        },
        outputs=("arn", "createdAt", "modifiedAt"),
        operations=Addon,
        recomputed={"*": ("modifiedAt",)},
        import_note="<cluster>:<add-on>",
    ),
)
