"""Fargate profiles: what EKS refuses of their subnets and role, and the access entry that it makes for the role.

No pod runs on Fargate on the lane: what a profile selects is scheduled on the fake nodes like everything else.
"""

from __future__ import annotations

from moto.core.responses import ActionResult

from tooling.aws_emulator.eks.access_entries import add_entry
from tooling.aws_emulator.eks.cluster_operations import ClusterOperations
from tooling.aws_emulator.eks.refusals import invalid_parameter


class FargateOperations(ClusterOperations):
    def create_fargate_profile(self) -> ActionResult:
        cluster, role = self.cluster(), self.parameter("podExecutionRoleArn")
        self.check_role(role)
        subnets = self.parameter("subnets") or []
        for subnet in self.check_subnets(subnets):
            if subnet.vpc_id != cluster.resources_vpc_config["vpcId"]:
                invalid_parameter(f"Subnet {subnet.id} is not in the VPC of the cluster")
            if self.is_public(subnet.id):
                invalid_parameter(f"Subnet {subnet.id} provided in Fargate Profile is not a private subnet")
        result = super().create_fargate_profile()
        if cluster.access_config["authenticationMode"] != "CONFIG_MAP" and role not in cluster.access_entries:
            add_entry(self, cluster, role, kind="FARGATE_LINUX", made_by_eks=True)
        return result

    def delete_fargate_profile(self) -> ActionResult:
        cluster = self.cluster()
        profile = cluster.fargate_profiles.get(self.parameter("fargateProfileName"))
        result = super().delete_fargate_profile()
        if profile is not None:
            role = profile.pod_execution_role_arn
            entry = cluster.access_entries.get(role)
            in_use = any(other.pod_execution_role_arn == role for other in cluster.fargate_profiles.values())
            if entry is not None and entry.made_by_eks and not in_use:
                del cluster.access_entries[role]
        return result

    def is_public(self, subnet_id: str) -> bool:
        """Whether the subnet's own route table leads to an internet gateway."""
        tables = self.ec2.describe_route_tables(filters={"association.subnet-id": [subnet_id]})
        return any((route.gateway_id or "").startswith("igw-") for table in tables for route in table.routes)
