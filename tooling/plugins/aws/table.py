"""All modelled resource types. To add a type, edit only the module of its service."""

from __future__ import annotations

from collections.abc import Mapping

from tooling.plugins.aws import (
    autoscaling,
    ec2_cidr_blocks,
    ec2_endpoints,
    ec2_flow_logs,
    ec2_launch_templates,
    ec2_network,
    ec2_routes,
    ec2_security_groups,
    ecr,
    eks_access,
    eks_addons,
    eks_cluster,
    eks_fargate,
    eks_node_groups,
    iam,
    kms,
    logs,
    s3,
    s3_lifecycle,
)
from tooling.plugins.aws.row import Row

_MODULES = (
    autoscaling,
    ec2_cidr_blocks,
    ec2_endpoints,
    ec2_flow_logs,
    ec2_launch_templates,
    ec2_network,
    ec2_routes,
    ec2_security_groups,
    ecr,
    eks_access,
    eks_addons,
    eks_cluster,
    eks_fargate,
    eks_node_groups,
    iam,
    kms,
    logs,
    s3,
    s3_lifecycle,
)

TABLE: Mapping[str, Row] = {row.pulumi_name: row for module in _MODULES for row in module.ROWS}
"""By Pulumi's name of the type."""
