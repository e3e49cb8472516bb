"""All modelled resource types. To add a type, edit only the module of its service."""

from __future__ import annotations

from collections.abc import Mapping

from tooling.plugins.aws.engine.row import Row
from tooling.plugins.aws.resources import autoscaling, ec2, ecr, eks, iam, kms, logs, s3

_SERVICES = (autoscaling, ec2, ecr, eks, iam, kms, logs, s3)

TABLE: Mapping[str, Row] = {row.pulumi_name: row for service in _SERVICES for row in service.ROWS}
"""By Pulumi's name of the type."""
