"""Managed node groups of Bottlerocket nodes, each with its own launch template.

The node groups of `pulumi_eks` have a fixed metadata hop limit of 2, which lets a pod use the node's role, and leave
volumes unencrypted and untagged; hence `aws.eks.NodeGroup` with a custom template. User data is in `bottlerocket.py`,
tags for the autoscaler in `scale_from_zero.py`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from bottlerocket import UserDataArgs, bottlerocket_toml
from cluster import Cluster
from network import Network
from node_settings import NodeGroupSettings, NodeSettings
from scale_from_zero import template_tags
from stack_context import StackContext

from shared.naming import node_group_name

DISKS_OF_A_NODE = 2
"""Bottlerocket uses /dev/xvda for the OS and /dev/xvdb for all data."""

AMI_TYPES = {"x86_64": "BOTTLEROCKET_x86_64", "arm64": "BOTTLEROCKET_ARM_64"}


@dataclass(frozen=True, kw_only=True)
class NodeGroupsArgs:
    context: StackContext
    settings: NodeSettings
    network: Network
    cluster: Cluster
    role: aws.iam.Role


@dataclass(frozen=True, kw_only=True)
class NodeGroupArgs:
    shared: NodeGroupsArgs
    group: NodeGroupSettings


class NodeGroups(pulumi.ComponentResource):
    """All node groups of the cluster; their nodes share one security group."""

    security_group_id: pulumi.Output[str]
    groups: dict[str, NodeGroup]
    """By name, `general` first."""

    def __init__(self, name: str, args: NodeGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:NodeGroups", name, {}, opts)
        self._args = args
        self.security_group_id = args.network.security_groups.nodes.id
        self.groups = {
            group: NodeGroup(
                group,
                NodeGroupArgs(shared=args, group=settings),
                # Nodes do not become ready without the CNI.
                pulumi.ResourceOptions(parent=self, depends_on=[args.cluster.component]),
            )
            for group, settings in args.settings.all_node_groups().items()
        }
        self.register_outputs({"security_group_id": self.security_group_id})

    @property
    def autoscaling_group_names(self) -> pulumi.Output[list[str]]:
        return pulumi.Output.all(*(group.autoscaling_group_name for group in self.groups.values()))

    @property
    def versions(self) -> pulumi.Output[dict[str, str]]:
        """Kubernetes minor of the nodes, by group."""
        return pulumi.Output.all(**{name: group.node_group.version for name, group in self.groups.items()})


class NodeGroup(pulumi.ComponentResource):
    """One node group; its physical name begins with the logical name."""

    autoscaling_group_name: pulumi.Output[str]
    node_group: aws.eks.NodeGroup

    def __init__(self, name: str, args: NodeGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:NodeGroup", name, {}, opts)
        self._args = args
        template = self._launch_template(name)
        self.node_group = self._node_group(name, template)
        self.autoscaling_group_name = (
            self.node_group.resources[0].autoscaling_groups[0].name.apply(lambda value: value or "")
        )
        if args.group.min_size == 0:
            self._describe_a_node_to_the_autoscaler(name)
        self.register_outputs({"autoscaling_group_name": self.autoscaling_group_name})

    def _node_group(self, name: str, template: aws.ec2.LaunchTemplate) -> aws.eks.NodeGroup:
        shared, group, context = self._args.shared, self._args.group, self._args.shared.context
        settings = shared.settings
        return aws.eks.NodeGroup(
            name,
            # A prefix, since some changes replace the group, and the old and new group must coexist meanwhile.
            node_group_name_prefix=node_group_name(context.named(name)) + "-",
            cluster_name=shared.cluster.name,
            node_role_arn=shared.role.arn,
            subnet_ids=shared.network.private_subnet_ids_in(group.zones),
            ami_type=AMI_TYPES[group.architecture],
            capacity_type=group.capacity_type,
            instance_types=group.instance_types,
            # The cluster's version as an output, so that nodes are upgraded after the control plane.
            version=settings.node_kubernetes_version or shared.cluster.version,
            release_version=settings.node_release_version or None,
            labels=self._labels(),
            taints=[
                aws.eks.NodeGroupTaintArgs(key=taint.key, value=taint.value or None, effect=taint.effect)
                for taint in group.taints
            ],
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=group.min_size, max_size=group.max_size, desired_size=group.initial_size
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(
                max_unavailable_percentage=settings.max_unavailable_percentage
            ),
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=settings.node_repair),
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            # Informational: EKS itself sets the autoscaler's two tags on the Auto Scaling group.
            tags={
                "Name": context.named(name),
                "k8s.io/cluster-autoscaler/enabled": "true",
                f"k8s.io/cluster-autoscaler/{context.cluster_name}": "owned",
            },
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["scalingConfig.desiredSize"]),
        )

    def _launch_template(self, name: str) -> aws.ec2.LaunchTemplate:
        shared, context, cluster = self._args.shared, self._args.shared.context, self._args.shared.cluster
        tags = {"Name": context.named(name), "environment_suffix": context.suffix, "owner": context.owner}
        user_data = pulumi.Output.all(cluster.name, cluster.endpoint, cluster.certificate_authority).apply(
            lambda facts: self._user_data(*facts)
        )
        key_arn = shared.settings.volume_key_arn
        return aws.ec2.LaunchTemplate(
            name,
            name=context.named(f"eks-{name}"),
            update_default_version=True,
            user_data=user_data,
            # Setting any group removes the default cluster security group, hence both. Source: EKS user guide,
            # "Customize managed nodes with launch templates".
            vpc_security_group_ids=[shared.network.security_groups.nodes.id, cluster.security_group_id],
            key_name=shared.network.security_groups.ssh_key_name,
            # IMDSv2 only, hop limit 1: a pod outside the host network cannot use the node's role.
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[
                _volume("/dev/xvda", 4, key_arn),
                _volume("/dev/xvdb", self._args.group.volume_gib, key_arn),
            ],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
                for kind in ("instance", "volume", "network-interface")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _user_data(self, cluster_name: str, endpoint: str, certificate_authority: str) -> str:
        toml = bottlerocket_toml(
            UserDataArgs(
                cluster_name=cluster_name,
                endpoint=endpoint,
                certificate_authority=certificate_authority,
                cluster_dns_ip=self._args.shared.cluster.dns_ip,
                node_labels=self._labels(),
                node_taints=self._args.group.taints,
                max_pods=self._args.group.max_pods,
                ssh=self._args.shared.network.security_groups.ssh_key_name is not None,
            )
        )
        return base64.b64encode(toml.encode()).decode()

    def _labels(self) -> dict[str, str]:
        return {"environment": self._args.shared.context.environment, **self._args.group.labels}

    def _describe_a_node_to_the_autoscaler(self, name: str) -> None:
        for about, (key, value) in template_tags(self._args.group, self._labels()).items():
            aws.autoscaling.Tag(
                f"{name}-{about}",
                autoscaling_group_name=self.autoscaling_group_name,
                tag=aws.autoscaling.TagTagArgs(key=key, value=value, propagate_at_launch=False),
                opts=pulumi.ResourceOptions(parent=self),
            )


def _volume(device: str, size_gib: int, key_arn: str) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            volume_size=size_gib,
            encrypted="true",
            kms_key_id=key_arn or None,
            delete_on_termination="true",
        ),
    )
