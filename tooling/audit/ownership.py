"""How a thing says whose it is: by its tags, or by a name that AWS gives and nobody else would.

AWS services create a few things without any tag, and name them after the cluster. Each such name is compared whole: one
cluster's name can begin another's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.environment import Environment
from shared.log_groups import log_groups_that_aws_makes
from shared.naming import dns_label

Maker = Literal["stacks", "cluster"]

_CLUSTER_TAGS = (
    ("kubernetes.io/cluster/{cluster}", "owned"),  # EKS and its controllers
    ("aws:eks:cluster-name", "{cluster}"),  # EKS, on the cluster's security group
    ("eks:cluster-name", "{cluster}"),  # EKS, on instances and groups of a node group
    ("cluster.k8s.amazonaws.com/name", "{cluster}"),  # VPC CNI, on network interfaces
    ("elbv2.k8s.aws/cluster", "{cluster}"),  # AWS Load Balancer Controller
    ("KubernetesCluster", "{cluster}"),  # EBS CSI driver, older controllers
)
"""Key and value of the tags by which what a cluster made names it. Source: EKS user guide, "Tag your Amazon EKS
resources"; the README of each controller."""


_NAMES: tuple[tuple[str, str, str], ...] = (
    # EKS, the control plane's interfaces in the cluster's subnets.
    ("network-interface", "Description", r"Amazon EKS {cluster}"),
    # EKS, the cluster's security group, should its tags be gone.
    ("security-group", "GroupName", r"eks-cluster-sg-{cluster}-\d+"),
)
"""Kind, member of its description, and a regular expression for the whole of it. Source: EKS user guide, "View Amazon
EKS security group requirements for clusters"."""


@dataclass(frozen=True, kw_only=True)
class Ours:
    """What tags of one environment's resources look like."""

    environment: str
    suffix: str
    cluster: str

    @classmethod
    def of(cls, environment: Environment) -> Ours:
        return cls(
            environment=environment.name,
            suffix=environment.suffix,
            cluster=dns_label(f"eks-cluster-{environment.suffix}"),
        )

    def maker(self, tags: Mapping[str, str]) -> Maker | None:
        """Who made what bears these tags, or `None` if it is not this environment's."""
        if tags.get("environment_suffix") == self.suffix and tags.get("environment") == self.environment:
            return "stacks" if tags.get("managed-by") == "pulumi" else None
        for key, value in _CLUSTER_TAGS:
            if tags.get(key.format(cluster=self.cluster)) == value.format(cluster=self.cluster):
                return "cluster"
        return None

    def maker_by_name(self, kind: str, thing: Mapping[str, Any]) -> Maker | None:
        """`cluster` for what an AWS service created for this cluster, and tagged nothing."""
        if kind == "log-group" and thing.get("logGroupName") in log_groups_that_aws_makes(self.cluster):
            return "cluster"
        for of_kind, member, pattern in _NAMES:
            named = pattern.replace("{cluster}", re.escape(self.cluster))
            if of_kind == kind and re.fullmatch(named, str(thing.get(member) or "")):
                return "cluster"
        return None
