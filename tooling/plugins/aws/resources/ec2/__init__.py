"""EC2, with what Pulumi calls `ec2` and `vpc`."""

from __future__ import annotations

from tooling.plugins.aws.resources.ec2 import (
    cidr_blocks,
    endpoints,
    flow_logs,
    launch_templates,
    network,
    routes,
    security_groups,
)

ROWS = tuple(
    row
    for module in (cidr_blocks, endpoints, flow_logs, launch_templates, network, routes, security_groups)
    for row in module.ROWS
)
