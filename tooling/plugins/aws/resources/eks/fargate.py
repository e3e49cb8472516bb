"""Row of EKS Fargate profiles. Only the tags can be changed."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.naming_case import picked, unless_gone, without_aws_tags
from tooling.plugins.aws.engine.row import GeneratedName, Input, Row, Values
from tooling.plugins.aws.resources.eks.operations import EksOperations, split_id

_NAME = "aws:eks/fargateProfile:FargateProfile"


class FargateProfile(EksOperations):
    pulumi_name = _NAME

    def create(self, inputs: Values) -> str:
        cluster, name = inputs["clusterName"], inputs["fargateProfileName"]
        self.eks.create_fargate_profile(
            clusterName=cluster,
            fargateProfileName=name,
            podExecutionRoleArn=inputs["podExecutionRoleArn"],
            subnets=inputs["subnetIds"],
            selectors=[picked(selector, ("namespace", "labels")) for selector in inputs["selectors"]],
            tags=inputs.get("tagsAll") or {},
        )
        return f"{cluster}:{name}"

    def complete(self, resource_id: str, inputs: Values) -> None:
        cluster, name = split_id(resource_id)
        self.wait_until_active(
            f"Fargate profile {name}",
            lambda: self.eks.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)["fargateProfile"],
        )

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        cluster, name = split_id(resource_id)
        found = unless_gone(self.eks.describe_fargate_profile, clusterName=cluster, fargateProfileName=name)
        if found is None:
            return None
        profile = found["fargateProfile"]
        return {
            **picked(profile, ("clusterName", "fargateProfileName", "podExecutionRoleArn", "status")),
            "arn": profile["fargateProfileArn"],
            "selectors": [picked(selector, ("namespace", "labels")) for selector in profile["selectors"]],
            "subnetIds": profile["subnets"],
            "tagsAll": without_aws_tags(profile.get("tags")),
        }

    def delete(self, resource_id: str, state: Values) -> None:
        cluster, name = split_id(resource_id)
        self.eks.delete_fargate_profile(clusterName=cluster, fargateProfileName=name)
        self.wait_until_gone(
            f"Fargate profile {name}", self.eks.describe_fargate_profile, clusterName=cluster, fargateProfileName=name
        )


ROWS = (
    Row(
        pulumi_name=_NAME,
        source="eks_fargate_profile",
        inputs={
            "clusterName": Input(required=True, replaces=True),
            "podExecutionRoleArn": Input(required=True, replaces=True),
            # EKS would use all subnets of the cluster; the lane requires them to be listed.
            "subnetIds": Input(required=True, replaces=True, unordered=True),
            "selectors": Input(
                required=True,
                replaces=True,
                unordered=True,
                members={"namespace": Input(required=True), "labels": Input()},
            ),
        },
        outputs=("arn", "status"),
        operations=FargateProfile,
        name=GeneratedName(input="fargateProfileName", prefix_input=None, longest=100),
        import_note="<cluster>:<profile>",
    ),
)
