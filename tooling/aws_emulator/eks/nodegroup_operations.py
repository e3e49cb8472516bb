"""Managed node groups: checks, the fields moto drops, the Auto Scaling group behind, updates."""

from __future__ import annotations

import json
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from tooling.aws_emulator.eks import autoscaling, node_images, versions
from tooling.aws_emulator.eks.access_entries import add_entry
from tooling.aws_emulator.eks.cluster_operations import ClusterOperations
from tooling.aws_emulator.eks.records import Cluster, Document, Nodegroup, without_absent
from tooling.aws_emulator.eks.refusals import invalid_parameter, invalid_request
from tooling.aws_emulator.eks.remote_access import check_remote_access, open_remote_access

_DEFAULT_SCALING = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
_TAINT_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}


class NodegroupOperations(ClusterOperations):
    def create_nodegroup(self) -> ActionResult:
        cluster = self.cluster()
        self.refuse_unmodelled(("warmPoolConfig",))
        version = self.parameter("version") or cluster.version
        check_version(version, cluster)
        self.check_role(self.parameter("nodeRole"))
        for subnet in self.check_subnets(self.parameter("subnets")):
            if subnet.vpc_id != cluster.resources_vpc_config["vpcId"]:
                invalid_parameter(f"Subnet {subnet.id} is not in the VPC of the cluster")
        scaling = {**_DEFAULT_SCALING, **(self.parameter("scalingConfig") or {})}
        check_scaling(scaling)
        check_taints(self.parameter("taints") or [])
        launch, template = self.launch_data(self.parameter("launchTemplate"))
        remote_access = self.parameter("remoteAccess")
        if remote_access:
            check_remote_access(self.ec2, remote_access, with_template=bool(template))
        ami_type = self.parameter("amiType") or node_images.DEFAULT_AMI_TYPE
        if launch.get("ImageId"):
            if self.parameter("amiType") not in (None, node_images.CUSTOM_AMI_TYPE):
                invalid_request("You cannot specify an image id within the launch template together with an amiType")
            ami_type = node_images.CUSTOM_AMI_TYPE
        types = self.instance_types(launch)
        node_images.check_instance_types(types, ami_type)

        super().create_nodegroup()
        group = cast(Nodegroup, cluster.nodegroups[self.parameter("nodegroupName")])
        group.ami_type, group.version = ami_type, version
        group.release_version = self.parameter("releaseVersion") or default_release(version)
        group.scaling_config = scaling
        group.instance_types = types if not launch.get("InstanceType") else []
        group.disk_size = None if template else self.parameter("diskSize") or node_images.DEFAULT_DISK_GIB  # type: ignore[assignment]
        group.launch_template = template  # type: ignore[assignment]
        group.remote_access = remote_access
        if remote_access:
            vpc_id = cluster.resources_vpc_config["vpcId"]
            group.remote_access_group = open_remote_access(self.ec2, group, remote_access, vpc_id)
        group.update_config = self.parameter("updateConfig") or {"maxUnavailable": 1}
        group.node_repair_config = self.parameter("nodeRepairConfig") or {"enabled": False}
        asg = autoscaling.create_group(
            group,
            account=self.current_account,
            region=self.region,
            ec2=self.ec2,
            instance_type=types[0],
            image_id=launch.get("ImageId", ""),
            security_groups=[
                *self.node_security_groups(cluster, launch),
                *([group.remote_access_group] if group.remote_access_group else []),
            ],
        )
        group.autoscaling_group_name = asg.name
        if (
            cluster.access_config["authenticationMode"] != "CONFIG_MAP"
            and group.node_role not in cluster.access_entries
        ):
            kind = "EC2_WINDOWS" if "WINDOWS" in ami_type else "EC2_LINUX"
            add_entry(self, cluster, group.node_role, kind=kind, made_by_eks=True)
        return ActionResult({"nodegroup": self.nodegroup_document(group)})

    def describe_nodegroup(self) -> ActionResult:
        return ActionResult({"nodegroup": self.nodegroup_document(self.nodegroup(self.cluster()))})

    def delete_nodegroup(self) -> ActionResult:
        cluster = self.cluster()
        group = self.nodegroup(cluster)
        document = {**self.nodegroup_document(group), "status": "DELETING"}
        super().delete_nodegroup()
        autoscaling.delete_group(group, account=self.current_account, region=self.region, ec2=self.ec2)
        if group.remote_access_group:
            self.ec2.delete_security_group(group_id=group.remote_access_group)
        entry = cluster.access_entries.get(group.node_role)
        in_use = any(other.node_role == group.node_role for other in cluster.nodegroups.values())
        if entry is not None and entry.made_by_eks and not in_use:
            del cluster.access_entries[group.node_role]
        return ActionResult({"nodegroup": document})

    def update_nodegroup_config(self) -> ActionResult:
        self.refuse_unmodelled(("warmPoolConfig",))
        cluster = self.cluster()
        group = self.nodegroup(cluster)
        labels, taints = self.parameter("labels") or {}, self.parameter("taints") or {}
        check_taints(taints.get("addOrUpdateTaints") or [])
        scaling = self.parameter("scalingConfig")
        wanted = {**self.scaling(group), **(scaling or {})}
        if scaling:
            check_scaling(wanted)
        super().update_nodegroup_config()
        if scaling:
            group.scaling_config = wanted
            asg = autoscaling.group_of(group, account=self.current_account, region=self.region)
            if asg is not None:
                autoscaling.scale(asg, wanted)
        params: dict[str, Any] = {
            "LabelsToAdd": labels.get("addOrUpdateLabels"),
            "LabelsToRemove": labels.get("removeLabels"),
            "TaintsToAdd": taints.get("addOrUpdateTaints"),
            "TaintsToRemove": taints.get("removeTaints"),
            "NodeRepairConfig": self.parameter("nodeRepairConfig"),
            **{key[0].upper() + key[1:]: value for key, value in (scaling or {}).items()},
            **{key[0].upper() + key[1:]: value for key, value in (self.parameter("updateConfig") or {}).items()},
        }
        given = {key: json.dumps(value) for key, value in params.items() if value is not None}
        return self.record_update(cluster, "ConfigUpdate", given, nodegroup=group.nodegroup_name)

    def update_nodegroup_version(self) -> ActionResult:
        cluster = self.cluster()
        group = self.nodegroup(cluster)
        version = self.parameter("version") or cluster.version
        check_version(version, cluster)
        if versions.minor_of(version) < versions.minor_of(group.version):
            invalid_parameter(f"Nodegroup version {version} is older than the current {group.version}")
        release = self.parameter("releaseVersion") or default_release(version)
        params = {"Version": version, "ReleaseVersion": release}
        launch, template = self.launch_data(self.parameter("launchTemplate") or group.launch_template)
        if self.parameter("launchTemplate"):
            if group.launch_template is None:
                invalid_request("You cannot specify a launch template: the node group was created without one")
            if template is None or template["id"] != group.launch_template["id"]:
                invalid_request("The launch template of a node group cannot be replaced by another one")
            params["LaunchTemplateVersion"] = template["version"]
        types = list(group.instance_types) or self.instance_types(launch)
        node_images.check_instance_types(types, group.ami_type)
        group.version, group.release_version, group.modified_at = version, release, utcnow()
        group.launch_template = template  # type: ignore[assignment]
        asg = autoscaling.group_of(group, account=self.current_account, region=self.region)
        if isinstance(asg, autoscaling.NodegroupAutoScalingGroup):
            data = {
                "ImageId": launch.get("ImageId", ""),
                "InstanceType": types[0],
                "SecurityGroupIds": self.node_security_groups(cluster, launch),
            }
            autoscaling.use_launch_data(group, self.ec2, asg, data)
            asg.replace_all()
        return self.record_update(cluster, "VersionUpdate", params, nodegroup=group.nodegroup_name)

    def launch_data(self, given: dict[str, Any] | None) -> tuple[dict[str, Any], Document | None]:
        """The user's launch template version: its data, and how EKS answers it. Both empty if there is none."""
        if not given:
            return {}, None
        if self.parameter("launchTemplate") is None:
            given = {"id": given["id"], "version": given["version"]}
        template, number = node_images.launch_template(self.ec2, given)
        data = template.get_version(number).data
        node_images.check_template_data(data)
        return data, {"id": template.id, "name": template.name, "version": number}

    def instance_types(self, launch: dict[str, Any]) -> list[str]:
        given = self.parameter("instanceTypes")
        if given and launch.get("InstanceType"):
            invalid_request("You cannot specify instance types in the request and in the launch template")
        return list(given or [launch.get("InstanceType") or node_images.DEFAULT_INSTANCE_TYPE])

    def node_security_groups(self, cluster: Cluster, launch: dict[str, Any]) -> list[str]:
        """The launch template's own, else the cluster's: naming any drops the cluster's."""
        return node_images.security_groups_of(launch) or [cluster.resources_vpc_config["clusterSecurityGroupId"]]

    def scaling(self, group: Nodegroup) -> dict[str, int]:
        """The present size of the Auto Scaling group, which an autoscaler changes without EKS."""
        asg = autoscaling.group_of(group, account=self.current_account, region=self.region)
        if asg is None:
            return group.scaling_config
        return {
            "minSize": asg.min_size or 0,
            "maxSize": asg.max_size or 0,
            "desiredSize": asg.desired_capacity or 0,
        }

    def nodegroup_document(self, group: Nodegroup) -> Document:
        return without_absent(
            {
                "nodegroupName": group.nodegroup_name,
                "nodegroupArn": group.arn,
                "clusterName": group.cluster_name,
                "version": group.version,
                "releaseVersion": group.release_version,
                "createdAt": group.created_at,
                "modifiedAt": group.modified_at,
                "status": group.status,
                "capacityType": group.capacity_type,
                "scalingConfig": self.scaling(group),
                "instanceTypes": group.instance_types or None,
                "subnets": group.subnets,
                "amiType": group.ami_type,
                "nodeRole": group.node_role,
                "labels": group.labels,
                "taints": group.taints or None,
                "remoteAccess": group.remote_access,
                "resources": without_absent(
                    {
                        "autoScalingGroups": [{"name": group.autoscaling_group_name}],
                        "remoteAccessSecurityGroup": group.remote_access_group or None,
                    }
                ),
                "diskSize": group.disk_size,
                "health": {"issues": []},
                "updateConfig": group.update_config,
                "nodeRepairConfig": group.node_repair_config,
                "launchTemplate": group.launch_template,
                "tags": group.tags,
            }
        )


def default_release(version: str) -> str:
    """EKS has one an image; nothing here depends on it."""
    return f"{version}.0-00000000"


def check_version(version: str, cluster: Cluster) -> None:
    versions.supported(version)
    if versions.minor_of(version) > versions.minor_of(cluster.version):
        invalid_parameter(f"Nodegroup version {version} is newer than the cluster's {cluster.version}")


def check_scaling(scaling: dict[str, int]) -> None:
    if not 0 <= scaling["minSize"] <= scaling["maxSize"]:
        invalid_parameter(f"minSize {scaling['minSize']} cannot be greater than maxSize {scaling['maxSize']}")
    if not scaling["minSize"] <= scaling["desiredSize"] <= scaling["maxSize"]:
        invalid_parameter(f"desired capacity {scaling['desiredSize']} must lie between minSize and maxSize")
    if scaling["maxSize"] < 1:
        invalid_parameter("maxSize must be at least 1")


def check_taints(taints: list[Document]) -> None:
    for taint in taints:
        if taint.get("effect") not in _TAINT_EFFECTS:
            invalid_parameter(f"Invalid taint effect: {taint.get('effect')}")


def kubernetes_effect(effect: str) -> str:
    """`NO_SCHEDULE` -> `NoSchedule`."""
    return _TAINT_EFFECTS[effect]
