"""EKS."""

from __future__ import annotations

from tooling.plugins.aws.resources.eks import access, addons, cluster, fargate, node_groups

ROWS = tuple(row for module in (access, addons, cluster, fargate, node_groups) for row in module.ROWS)
