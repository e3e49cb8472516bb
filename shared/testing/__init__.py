"""Tests of Pulumi programs: run one without an engine, then check what it registered.

    run = run_program(REPOSITORY / "infrastructure", stack="dev", config={"nat_gateways": "one"})
    assert run.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "10.0.0.0/16"

A run fails if a resource does not have a provider from `shared.providers`. What a test says about the run comes from
`shared.dry_runs`, and is here too: samples of contracts, the mark of unknown values.
"""

from shared.dry_runs import (
    UNKNOWN,
    Registered,
    application_directories,
    contract_outputs,
    every_contract,
    load_module,
    stack_of_application,
    undeployed,
)
from shared.testing.program import ProviderMissing, Run, run_program

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
