"""What the platform's tools know of each AWS resource type: one module per service, one row per type.

Recovery, the audit, the emulator's inventory, error messages, cost estimates and golden graphs derive their tables from
these rows. The rows import no AWS or Pulumi SDK: every command that runs the engine loads them. How the local lane
creates, reads and changes a resource is in `tooling.plugins.aws`, and its outputs in unit tests are in
`shared.dry_runs.computed`, since `shared` does not depend on `tooling`.
"""
