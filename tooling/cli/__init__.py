"""The `tiers` command. Modules here import little, so that `--help` is quick; `tooling.runner` does the work."""
