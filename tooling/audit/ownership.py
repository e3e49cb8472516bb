"""How a thing says by its tags whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.environment import Environment
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
