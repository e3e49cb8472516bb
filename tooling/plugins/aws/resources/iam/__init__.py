"""IAM."""

from __future__ import annotations

from tooling.plugins.aws.resources.iam import identities

ROWS = tuple(row for module in (identities,) for row in module.ROWS)
