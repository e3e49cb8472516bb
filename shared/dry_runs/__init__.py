"""Dry runs: programs executed without an engine, AWS or credentials, to see what they register.

    run = dry_run(REPOSITORY / "infrastructure", stack="dev", upstream=undeployed("infrastructure"))
    types = {resource.type for resource in run.resources}

Golden graphs, costs, upgrade checks, checks of settings and unit tests (`shared.testing`) are made from them. Other
stacks publish the samples of `contract_outputs`. The mocks do not validate: inputs that AWS or Kubernetes would reject
pass here.
"""

from shared.dry_runs.applications import application_directories, stack_of_application
from shared.dry_runs.contracts import contract_outputs, every_contract, undeployed
from shared.dry_runs.modules import load_module
from shared.dry_runs.program import DryRun, Stacks, dry_run
from shared.dry_runs.recording import UNKNOWN, Registered

__all__ = [
    "UNKNOWN",
    "DryRun",
    "Registered",
    "Stacks",
    "application_directories",
    "contract_outputs",
    "dry_run",
    "every_contract",
    "load_module",
    "stack_of_application",
    "undeployed",
]
