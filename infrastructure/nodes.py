"""A managed node group of Bottlerocket nodes with a launch template of our own.

The component library's node groups fix the metadata hop limit at 2, which lets a pod take the node's role, and leave
volumes unencrypted and untagged; hence `aws.eks.NodeGroup` with our own template.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from cluster import Cluster
from network import Network
from place import Place
from settings import NodeGroupSettings


@dataclass(frozen=True, kw_only=True)
class UserDataArgs:
    cluster_name: str
    endpoint: str
    certificate_authority: str
    cluster_dns_ip: str
    node_labels: dict[str, str]


def bottlerocket_toml(args: UserDataArgs) -> str:
    """User data of a Bottlerocket node.

    Source: Bottlerocket settings reference, `settings.kubernetes`. Reserved resources and eviction thresholds keep a
    full node answering.
    """

    def section(name: str, values: dict[str, str]) -> str:
        lines = [f"[{name}]", *(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in sorted(values.items()))]
        return "\n".join(lines)

    kubernetes = "\n".join(
        [
            "[settings.kubernetes]",
            f"api-server = {json.dumps(args.endpoint)}",
            f"cluster-certificate = {json.dumps(args.certificate_authority)}",
            f"cluster-dns-ip = {json.dumps(args.cluster_dns_ip)}",
            f"cluster-name = {json.dumps(args.cluster_name)}",
        ]
    )
    sections = [
        kubernetes,
        section("settings.kubernetes.node-labels", args.node_labels),
        section("settings.kubernetes.system-reserved", {"cpu": "50m", "memory": "256Mi"}),
        section("settings.kubernetes.eviction-hard", {"memory.available": "5%", "nodefs.available": "10%"}),
    ]
    return "\n\n".join(sections) + "\n"


@dataclass(frozen=True, kw_only=True)
class NodeGroupArgs:
    place: Place
    settings: NodeGroupSettings
    network: Network
    cluster: Cluster
    role: aws.iam.Role


class NodeGroup(pulumi.ComponentResource):
    """One node group; its logical name is also the first part of its physical one."""

    security_group_id: pulumi.Output[str]
    autoscaling_group_name: pulumi.Output[str]
    node_group: aws.eks.NodeGroup

    def __init__(self, name: str, args: NodeGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:NodeGroup", name, {}, opts)
        self._args, settings = args, args.settings
        group = self._security_group(name)
        self.security_group_id = group.id
        template = self._launch_template(name, group)
        self.node_group = aws.eks.NodeGroup(
            name,
            # A prefix, since some changes replace the group, and the new one must stand beside the old.
            node_group_name_prefix=args.place.named(name) + "-",
            cluster_name=args.cluster.name,
            node_role_arn=args.role.arn,
            subnet_ids=args.network.private_subnet_ids,
            ami_type="BOTTLEROCKET_x86_64",
            capacity_type="ON_DEMAND",
            instance_types=[settings.instance_type],
            version=args.cluster.version,
            labels=self._labels(),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=settings.min_size, max_size=settings.max_size, desired_size=settings.desired_capacity
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable_percentage=33),
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            tags={"Name": args.place.named(name)},
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["scalingConfig.desiredSize"]),
        )
        self.autoscaling_group_name = (
            self.node_group.resources[0].autoscaling_groups[0].name.apply(lambda value: value or "")
        )
        self.register_outputs({"autoscaling_group_name": self.autoscaling_group_name})

    def _security_group(self, name: str) -> aws.ec2.SecurityGroup:
        """Nodes also bear the cluster's own group, which lets nodes and control plane talk to each other."""
        group = aws.ec2.SecurityGroup(
            name,
            name=self._args.place.named(f"eks-{name}-nodes"),
            description=f"Nodes of group {name}",
            vpc_id=self._args.network.vpc_id,
            tags={"Name": self._args.place.named(f"eks-{name}-nodes")},
            opts=pulumi.ResourceOptions(parent=self),
        )
        for rule, protocol, port in (("https", "tcp", 443), ("ntp", "udp", 123)):
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{rule}-out",
                security_group_id=group.id,
                description=f"{rule.upper()} to anywhere",
                ip_protocol=protocol,
                from_port=port,
                to_port=port,
                cidr_ipv4="0.0.0.0/0",
                tags={"Name": self._args.place.named(f"{name}-{rule}-out")},
                opts=pulumi.ResourceOptions(parent=self),
            )
        return group

    def _launch_template(self, name: str, group: aws.ec2.SecurityGroup) -> aws.ec2.LaunchTemplate:
        args, place, cluster = self._args, self._args.place, self._args.cluster
        tags = {"Name": place.named(name), "environment_suffix": place.suffix, "owner": place.owner}
        user_data = pulumi.Output.all(cluster.name, cluster.endpoint, cluster.certificate_authority).apply(
            lambda facts: self._user_data(*facts)
        )
        return aws.ec2.LaunchTemplate(
            name,
            name=place.named(f"eks-{name}"),
            update_default_version=True,
            user_data=user_data,
            vpc_security_group_ids=[group.id, cluster.security_group_id],
            # Tokens only, and one hop: a pod off the host network cannot take the node's role.
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[_volume("/dev/xvda", 4), _volume("/dev/xvdb", args.settings.volume_gib)],
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
                cluster_dns_ip=self._args.cluster.dns_ip,
                node_labels=self._labels(),
            )
        )
        return base64.b64encode(toml.encode()).decode()

    def _labels(self) -> dict[str, str]:
        return {"environment": self._args.place.environment}


def _volume(device: str, size_gib: int) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    """Bottlerocket has its system on /dev/xvda and everything else on /dev/xvdb."""
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3", volume_size=size_gib, encrypted="true", delete_on_termination="true"
        ),
    )
