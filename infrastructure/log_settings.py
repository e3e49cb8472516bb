"""Settings of the platform's own log groups."""

from __future__ import annotations

from pydantic import Field

from shared.log_groups import RetentionDays
from shared.settings import Settings


class LogSettings(Settings):
    log_retention_days: RetentionDays = Field(
        default=90, description="Retention of control plane logs in days; a value that CloudWatch Logs allows."
    )
    flow_logs: bool = Field(default=True, description="Log every connection in the VPC to CloudWatch Logs.")
    flow_log_retention_days: RetentionDays = Field(
        default=90, description="Retention of flow logs in days; a value that CloudWatch Logs allows."
    )
