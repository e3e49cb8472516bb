"""The policy pack for the released CLI: runs the table of `shared.policies` with Pulumi's policy SDK.

In the SDK a policy has one enforcement level for all stacks. A rule whose level differs by environment therefore
becomes two policies: a mandatory one with the rule's name, and an advisory one with the suffix `-advice`.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Pulumi starts this file as a script; the modules of its directory must not be importable as top-level modules.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from pulumi_policy import PolicyPack  # noqa: E402  after the path is set

from shared.policies.pack import policies  # noqa: E402  as above

PolicyPack("eks-platform", list(policies()))
