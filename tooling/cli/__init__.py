"""The `tiers` command. Modules here import little, so that `--help` is quick; the work is in `tooling.runner`."""
