"""Settings of the platform's own log groups."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.settings import Settings

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""Source: CloudWatch Logs API reference, PutRetentionPolicy."""


class LogSettings(Settings):
    log_retention_days: RetentionDays = Field(
        default=90, description="Days that control-plane logs are kept; a value that CloudWatch Logs allows."
    )
    flow_logs: bool = Field(default=True, description="Log every connection of the VPC to CloudWatch Logs.")
    flow_log_retention_days: RetentionDays = Field(
        default=90, description="Days that flow logs are kept; a value that CloudWatch Logs allows."
    )
