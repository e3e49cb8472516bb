"""The policy pack of the released CLI: the table of `shared.policies`, handed to Pulumi's own SDK for packs.

The SDK gives a policy one level for every stack. A rule whose level differs by environment is therefore two policies,
the mandatory one under the rule's name and the advisory one with `-advice` behind it.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Started as a script in this directory, whose modules must not pass for top-level ones.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from pulumi_policy import PolicyPack  # noqa: E402  after the path is set

from shared.policies.pack import policies  # noqa: E402  as above

PolicyPack("eks-platform", list(policies()))
