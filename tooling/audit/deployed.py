"""The contents of an environment's stacks, from their state."""

from __future__ import annotations

import json
from typing import Any

from tooling.runner.engine import open_engine, require_pulumi
from tooling.runner.graph import environment_graph
from tooling.runner.guards import with_undeclared


def deployments(environment: str) -> dict[str, dict[str, Any]]:
    """`<project>/<stack>` of every stack of the environment that exists, to its exported deployment.

    Raises:
        BadInput: `engine-missing`: without the states nobody knows what is in use.
    """
    with open_engine(environment) as engine:
        require_pulumi(engine.variables)
        counts = engine.resource_counts()
        stacks = [
            one for one in with_undeclared(environment_graph(environment), environment, counts) if str(one) in counts
        ]
        return {
            str(stack): json.loads(
                engine.run("stack", "export", "--stack", stack.stack, work_dir=engine.work_dir(stack))
            ).get("deployment")
            or {}
            for stack in stacks
        }
