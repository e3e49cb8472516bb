"""Row of EKS managed node groups."""

from __future__ import annotations

from typing import Any

from tooling.plugins.aws.engine.naming_case import picked, unless_gone, without_aws_tags
from tooling.plugins.aws.engine.refusals import between, one_of
from tooling.plugins.aws.engine.row import GeneratedName, Input, Row, Values
from tooling.plugins.aws.resources.eks.operations import EksOperations, split_id

_NAME = "aws:eks/nodeGroup:NodeGroup"
_PLAIN = (
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "labels",
    "nodeRepairConfig",
    "releaseVersion",
    "scalingConfig",
    "updateConfig",
    "version",
)
"""Inputs with the same spelling in the API and on the wire."""


class NodeGroup(EksOperations):
    pulumi_name = _NAME

    def create(self, inputs: Values) -> str:
        cluster, name = inputs["clusterName"], inputs["nodeGroupName"]
        self.eks.create_nodegroup(
            clusterName=cluster,
            nodegroupName=name,
            nodeRole=inputs["nodeRoleArn"],
            subnets=inputs["subnetIds"],
            tags=inputs.get("tagsAll") or {},
            **picked(inputs, (*_PLAIN, "taints")),
            **_launch_template(inputs),
        )
        return f"{cluster}:{name}"

    def complete(self, resource_id: str, inputs: Values) -> None:
        cluster, name = split_id(resource_id)
        self.wait_until_active(
            f"node group {name}",
            lambda: self.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"],
        )

    def read(self, resource_id: str, known: Values) -> dict[str, Any] | None:
        cluster, name = split_id(resource_id)
        found = unless_gone(self.eks.describe_nodegroup, clusterName=cluster, nodegroupName=name)
        if found is None:
            return None
        group = found["nodegroup"]
        resources = group.get("resources") or {}
        return {
            **picked(group, (*_PLAIN, "taints", "launchTemplate", "status")),
            "arn": group["nodegroupArn"],
            "clusterName": cluster,
            "nodeGroupName": name,
            "nodeRoleArn": group["nodeRole"],
            "subnetIds": group["subnets"],
            "resources": [
                {
                    "autoscalingGroups": resources.get("autoScalingGroups", []),
                    "remoteAccessSecurityGroupId": resources.get("remoteAccessSecurityGroup", ""),
                }
            ],
            "tagsAll": without_aws_tags(group.get("tags")),
        }

    def update(self, resource_id: str, state: Values, inputs: Values, changed: frozenset[str]) -> None:
        """Updates the version first and then the configuration, as the released plug-in does."""
        cluster, name = split_id(resource_id)
        of = {"name": cluster, "nodegroupName": name}
        if changed & {"launchTemplate", "releaseVersion", "version"}:
            stated = [key for key in ("releaseVersion", "version") if key in changed]
            template = _launch_template(inputs) if "launchTemplate" in changed else {}
            force = {"force": True} if inputs.get("forceUpdateVersion") else {}
            answer = self.eks.update_nodegroup_version(
                clusterName=cluster, nodegroupName=name, **picked(inputs, stated), **template, **force
            )
            self.wait_for_update(answer, **of)
        settings = _changed_settings(state, inputs, changed)
        if settings:
            answer = self.eks.update_nodegroup_config(clusterName=cluster, nodegroupName=name, **settings)
            self.wait_for_update(answer, **of)

    def delete(self, resource_id: str, state: Values) -> None:
        cluster, name = split_id(resource_id)
        self.eks.delete_nodegroup(clusterName=cluster, nodegroupName=name)
        self.wait_until_gone(f"node group {name}", self.eks.describe_nodegroup, clusterName=cluster, nodegroupName=name)


def _launch_template(inputs: Values) -> dict[str, Any]:
    """EKS accepts the launch template's id or its name, but not both; an update knows both."""
    given = inputs.get("launchTemplate")
    if not given:
        return {}
    template = picked(given, ("id", "name"))
    if len(template) > 1:
        template = picked(given, ("id",))
    return {"launchTemplate": {**template, "version": str(given["version"])}}


def _changed_settings(state: Values, inputs: Values, changed: frozenset[str]) -> dict[str, Any]:
    settings = {
        name: inputs[name]
        for name in ("scalingConfig", "updateConfig", "nodeRepairConfig")
        if name in changed and inputs.get(name)
    }
    if "nodeRepairConfig" in changed and not inputs.get("nodeRepairConfig"):
        settings["nodeRepairConfig"] = {"enabled": False}
    if "labels" in changed:
        old, new = state.get("labels") or {}, inputs.get("labels") or {}
        settings["labels"] = {
            "addOrUpdateLabels": {key: value for key, value in new.items() if old.get(key) != value},
            "removeLabels": sorted(old.keys() - new.keys()),
        }
    if "taints" in changed:
        old, new = state.get("taints") or [], inputs.get("taints") or []
        kept = {_identity(taint) for taint in new}
        settings["taints"] = {
            "addOrUpdateTaints": [taint for taint in new if taint not in old],
            "removeTaints": [taint for taint in old if _identity(taint) not in kept],
        }
    return settings


def _identity(taint: Values) -> tuple[str, str]:
    return taint["key"], taint["effect"]


def _check(inputs: Values) -> list[tuple[str, str]]:
    """Rejects what EKS does not allow in combination with a launch template.

    Source: EKS user guide, "Customize managed nodes with launch templates".
    """
    found: list[tuple[str, str]] = []
    template, update = inputs.get("launchTemplate") or {}, inputs.get("updateConfig") or {}
    if template and inputs.get("diskSize") is not None:
        found.append(("diskSize", "with a launch template, the template sets the disk: leave out `diskSize`"))
    if template and not (template.get("id") or template.get("name")):
        found.append(("launchTemplate", "a launch template is given by either its `id` or its `name`"))
    if len([name for name in ("maxUnavailable", "maxUnavailablePercentage") if update.get(name)]) > 1:
        found.append(("updateConfig", "`maxUnavailable` and `maxUnavailablePercentage` exclude each other"))
    return found


def _template_comes_or_goes(state: Values, inputs: Values) -> frozenset[str]:
    """A launch template cannot be added to or removed from an existing node group."""
    differs = bool(state.get("launchTemplate")) != bool(inputs.get("launchTemplate"))
    return frozenset({"launchTemplate"}) if differs else frozenset()


_PERCENT = between(1, 100)

ROWS = (
    Row(
        pulumi_name=_NAME,
        source="eks_node_group",
        inputs={
            "clusterName": Input(required=True, replaces=True),
            "nodeRoleArn": Input(required=True, replaces=True),
            "subnetIds": Input(required=True, replaces=True, unordered=True),
            "scalingConfig": Input(
                required=True,
                members={
                    "desiredSize": Input(required=True),
                    "maxSize": Input(required=True),
                    "minSize": Input(required=True),
                },
            ),
            "amiType": Input(computed=True, replaces=True),
            "capacityType": Input(computed=True, replaces=True, refusal=one_of("ON_DEMAND", "SPOT", "CAPACITY_BLOCK")),
            "diskSize": Input(computed=True, replaces=True),
            "instanceTypes": Input(computed=True, replaces=True),
            "labels": Input(),
            "taints": Input(
                unordered=True,
                members={
                    "key": Input(required=True),
                    "value": Input(),
                    "effect": Input(required=True, refusal=one_of("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")),
                },
            ),
            "launchTemplate": Input(
                members={
                    "id": Input(computed=True, replaces=True),
                    "name": Input(computed=True, replaces=True),
                    "version": Input(required=True, canonical_form=str),
                }
            ),
            "updateConfig": Input(
                computed=True,
                members={
                    "maxUnavailable": Input(refusal=between(1, 100)),
                    "maxUnavailablePercentage": Input(refusal=_PERCENT),
                },
            ),
            "nodeRepairConfig": Input(
                members={
                    "enabled": Input(),
                    "maxParallelNodesRepairedCount": Input(),
                    "maxParallelNodesRepairedPercentage": Input(refusal=_PERCENT),
                    "maxUnhealthyNodeThresholdCount": Input(),
                    "maxUnhealthyNodeThresholdPercentage": Input(refusal=_PERCENT),
                }
            ),
            "version": Input(computed=True),
            "releaseVersion": Input(computed=True),
            "forceUpdateVersion": Input(write_only=True),
        },
        outputs=("arn", "resources", "status"),
        operations=NodeGroup,
        name=GeneratedName(input="nodeGroupName", prefix_input="nodeGroupNamePrefix", longest=63),
        recomputed={"version": ("releaseVersion",), "launchTemplate": ("version", "releaseVersion")},
        also_replaces=_template_comes_or_goes,
        check=_check,
        import_note="<cluster>:<node group>",
    ),
)
