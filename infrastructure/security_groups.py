"""Security groups of control plane and nodes, one resource per rule.

`docs/reference/security-groups.md` lists the rules, and those of the security group that EKS creates. The group of
interface endpoints is in `endpoints.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from network_settings import SecurityGroupSettings
from stack_context import StackContext

Group = Literal["cluster", "nodes"]
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of one group.

    `peer` is the other group, an IPv4 range, or the ID of an external security group.
    """

    name: str
    """Logical name, unique within group and direction."""
    group: Group
    direction: Literal["in", "out"]
    protocol: Literal["tcp", "udp"]
    port: int
    peer: str
    why: str


# Source: EKS user guide, "View Amazon EKS security group requirements for clusters", restricting cluster traffic: 443,
# 10250, DNS. Egress for HTTPS and NTP: nodes pull images, call AWS APIs and synchronize time.
RULES = (
    Rule(name="https", group="cluster", direction="in", protocol="tcp", port=443, peer="nodes", why="Kubernetes API"),
    Rule(name="https", group="cluster", direction="out", protocol="tcp", port=443, peer="nodes", why="Webhooks"),
    Rule(name="kubelet", group="cluster", direction="out", protocol="tcp", port=10250, peer="nodes", why="Kubelets"),
    Rule(name="https", group="nodes", direction="in", protocol="tcp", port=443, peer="cluster", why="Webhooks"),
    Rule(name="kubelet", group="nodes", direction="in", protocol="tcp", port=10250, peer="cluster", why="Kubelets"),
    Rule(name="dns-tcp", group="nodes", direction="in", protocol="tcp", port=53, peer="nodes", why="CoreDNS"),
    Rule(name="dns-udp", group="nodes", direction="in", protocol="udp", port=53, peer="nodes", why="CoreDNS"),
    Rule(name="dns-tcp", group="nodes", direction="out", protocol="tcp", port=53, peer="nodes", why="CoreDNS"),
    Rule(name="dns-udp", group="nodes", direction="out", protocol="udp", port=53, peer="nodes", why="CoreDNS"),
    Rule(name="https", group="nodes", direction="out", protocol="tcp", port=443, peer=ANYWHERE, why="AWS, registries"),
    Rule(name="ntp", group="nodes", direction="out", protocol="udp", port=123, peer=ANYWHERE, why="Time"),
)


def rules(settings: SecurityGroupSettings) -> list[Rule]:
    """The fixed rules, and those that settings add."""
    api = [
        Rule(
            name=f"https-{cidr.replace('/', '-')}",
            group="cluster",
            direction="in",
            protocol="tcp",
            port=443,
            peer=cidr,
            why="Kubernetes API from our network",
        )
        for cidr in settings.private_access_cidrs
    ]
    ssh = [
        Rule(name=f"ssh-{group}", group="nodes", direction="in", protocol="tcp", port=22, peer=group, why="SSH")
        for group in settings.ssh_source_security_group_ids
    ]
    return [*RULES, *api, *ssh]


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    context: StackContext
    settings: SecurityGroupSettings
    vpc_id: pulumi.Input[str]


class SecurityGroups(pulumi.ComponentResource):
    cluster: aws.ec2.SecurityGroup
    """Attached to the control plane's interfaces in addition to the group that EKS creates."""
    nodes: aws.ec2.SecurityGroup
    ssh_key_name: pulumi.Output[str] | None
    """A secret; `None`: no SSH on nodes, use Session Manager."""

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:infrastructure:SecurityGroups", name, {}, opts)
        self._args = args
        self.ssh_key_name = args.settings.ssh_key_name
        self.cluster = self._group("cluster", "Control plane, beside the group that EKS makes")
        self.nodes = self._group("nodes", "Nodes, beside the group that EKS makes")
        self._open(rules(args.settings))
        self.register_outputs({})

    def _group(self, name: Group, description: str) -> aws.ec2.SecurityGroup:
        # No tag kubernetes.io/cluster: controllers expect exactly one group with it per node, which is the EKS group.
        physical = self._args.context.named(f"eks-{name}")
        return aws.ec2.SecurityGroup(
            name,
            name=physical,
            description=description,
            vpc_id=self._args.vpc_id,
            tags={"Name": physical},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _open(self, wanted: Sequence[Rule]) -> None:
        ids = {"cluster": self.cluster.id, "nodes": self.nodes.id}
        makers = {"in": aws.vpc.SecurityGroupIngressRule, "out": aws.vpc.SecurityGroupEgressRule}
        for rule in wanted:
            name = f"{rule.group}-{rule.direction}-{rule.name}"
            is_range = "/" in rule.peer
            makers[rule.direction](
                name,
                security_group_id=ids[rule.group],
                description=rule.why,
                ip_protocol=rule.protocol,
                from_port=rule.port,
                to_port=rule.port,
                cidr_ipv4=rule.peer if is_range else None,
                referenced_security_group_id=None if is_range else ids.get(rule.peer, rule.peer),
                tags={"Name": self._args.context.named(name)},
                opts=pulumi.ResourceOptions(parent=self),
            )
