"""What the lane's plug-ins say of a resource that stands in the state alone. Imports nothing, for `tiers status`."""

RECORDED = "recorded, not run"
"""`status.status` of a Helm chart that could not be had."""
