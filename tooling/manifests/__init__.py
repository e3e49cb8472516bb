"""The way without Pulumi: an application's objects as YAML, rendered from its program or written by hand."""
