"""S3."""

from __future__ import annotations

from tooling.plugins.aws.resources.s3 import buckets, lifecycle

ROWS = tuple(row for module in (buckets, lifecycle) for row in module.ROWS)
