"""How the engine is reached in one environment: its variables, its working directories, its list of stacks.

The local lane has an engine, a state backend and plug-ins of its own; every other environment uses the operator's
`pulumi`, credentials and plug-ins. This is the only module of the runner that knows the difference.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.environment import load_environment
from shared.errors import BadInput, PlatformError
from tooling.lane.state import Lane
from tooling.paths import local_directory
from tooling.runner.graph import StackId
from tooling.runner.plugin_server import running_plugins
from tooling.runner.stack_files import generated_work_dir

LOCAL = "local"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The engine of one environment, ready to be called."""

    environment: str
    variables: Mapping[str, str]
    """The whole environment of processes that call the engine."""
    secrets_provider: str = ""

    @property
    def is_local(self) -> bool:
        return self.environment == LOCAL

    def work_dir(self, stack: StackId) -> Path:
        """Where the stack's `Pulumi.yaml` and stack file are, written anew where they are generated.

        The engine writes into stack files, so those of the lane and of tenants lie under `.local/`, not in the clone.
        """
        if self.is_local or stack.tier == "tenants":
            return generated_work_dir(stack, local_directory() / "stacks" / stack.environment)
        return stack.path

    def run(self, *arguments: str, work_dir: Path | None = None) -> str:
        """Runs `pulumi` and returns its stdout.

        Raises:
            PlatformError: `engine-failed`, with the command to run by hand.
        """
        done = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=work_dir or local_directory().parent,
            env=dict(self.variables),
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise PlatformError(
                "engine-failed",
                f"pulumi {arguments[0]} failed: {_last_line(done.stderr or done.stdout)}",
                where=f"environment {self.environment}",
                mend=f"run it by hand: pulumi {' '.join(arguments)}",
            )
        return done.stdout

    def resource_counts(self) -> dict[str, int]:
        """`<project>/<stack>` of every stack in the backend to the number of its resources."""
        stacks: list[dict[str, Any]] = json.loads(self.run("stack", "ls", "--all", "--json"))
        return {"/".join(stack["name"].split("/")[-2:]): int(stack.get("resourceCount") or 0) for stack in stacks}

    def outputs(self, stack: StackId) -> dict[str, Any]:
        """The plain outputs of a stack; secret ones are masked by the engine."""
        text = self.run("stack", "output", "--json", "--stack", stack.stack, work_dir=self.work_dir(stack))
        return json.loads(text)


@contextmanager
def open_engine(environment: str, *, plugins: bool = True) -> Iterator[Engine]:
    """The engine of `environment`.

    Args:
        plugins: whether operations on resources follow; reading states needs none.

    Raises:
        BadInput: `lane-down`, `engine-missing`.
    """
    settings = load_environment(environment)
    if environment != LOCAL:
        yield Engine(
            environment=environment,
            variables={**os.environ, **({"PULUMI_BACKEND_URL": settings.backend_url} if settings.backend_url else {})},
            secrets_provider=settings.secrets_provider,
        )
        return
    lane = Lane.load()
    if lane is None:
        raise BadInput("lane-down", "the local lane is not up", where="--stack local", mend="tiers local up")
    variables = lane.environment()
    if not plugins:
        yield Engine(environment=environment, variables=variables)
        return
    with running_plugins(variables) as ports:
        attached = ",".join(f"{name}:{port}" for name, port in sorted(ports.items()))
        yield Engine(environment=environment, variables={**variables, "PULUMI_DEBUG_PROVIDERS": attached})


def require_pulumi(variables: Mapping[str, str]) -> None:
    if shutil.which("pulumi", path=variables.get("PATH")) is None:
        raise BadInput(
            "engine-missing",
            "the Pulumi CLI is not on PATH",
            where="PATH",
            mend="install it: https://www.pulumi.com/docs/install/",
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
