"""The status of a resource that exists in the state only. Imports nothing, for `tiers status`."""

RECORDED = "recorded, not run"
"""`status.status` of a Helm chart that could not be had."""
