"""Test kit for Pulumi programs that needs no engine: run a program, then check what it registered.

    run = run_program(REPOSITORY / "infrastructure", stack="dev", config={"nat_gateways": "one"})
    assert run.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "10.0.0.0/16"

Contracts of upstream stacks come from `contract_outputs`. A run fails if a resource does not have a provider from
`shared.providers`. The mocks do not validate: inputs that AWS or Kubernetes would reject pass here.
"""

from shared.testing.applications import application_directories, stack_of_application
from shared.testing.contracts import contract_outputs, every_contract, undeployed
from shared.testing.modules import load_module
from shared.testing.program import ProviderMissing, Run, run_program
from shared.testing.recording import UNKNOWN, Registered

__all__ = [
    "UNKNOWN",
    "ProviderMissing",
    "Registered",
    "Run",
    "application_directories",
    "contract_outputs",
    "every_contract",
    "load_module",
    "run_program",
    "stack_of_application",
    "undeployed",
]
