"""A deployed chain seen from outside, in whichever world: `tiers`, `kubectl`, and AWS's API as a person has them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from tooling.lane.state import Lane

_BIN = Path(sys.executable).parent
_POLL_SECONDS = 5


@dataclass(kw_only=True)
class World:
    stack: str
    clone: Path
    """Where `tiers` runs."""
    variables: Mapping[str, str]
    """The environment of `tiers` and of kubectl's credential plug-in."""
    directory: Path
    """For kubeconfigs; private."""
    client: Callable[[str], Any]
    """A boto3 client of a service."""
    _outputs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def tiers(self, *arguments: str) -> str:
        return self._run([sys.executable, "-c", "from tooling.cli.main import main; main()", *arguments])

    def outputs(self, tier: str = "infrastructure", *, tenant: str = "") -> dict[str, Any]:
        key = (tier, tenant)
        if key not in self._outputs:
            more = ("--tenant", tenant) if tenant else ()
            said = self.tiers("outputs", tier, "--stack", self.stack, "--json", *more)
            self._outputs[key] = json.loads(said)["outputs"]
        return self._outputs[key]

    @cached_property
    def tenants(self) -> list[str]:
        """Deployed ones."""
        rows = json.loads(self.tiers("status", "--stack", self.stack, "--json"))["stacks"]
        return [row["stack"].split(".", 1)[1] for row in rows if row["tier"] == "tenants" and row["deployed"]]

    def kubectl(self, *arguments: str, tenant: str = "", said: str = "") -> subprocess.CompletedProcess[str]:
        """As the admin role, or as the tenant's deployer; the caller looks at the exit code."""
        command = [str(_BIN / "kubectl"), "--kubeconfig", str(self._kubeconfig(tenant)), *arguments]
        return subprocess.run(
            command, cwd=self.clone, env=self._environment(), input=said, capture_output=True, text=True
        )

    def read(self, *arguments: str, tenant: str = "") -> Any:
        """What kubectl answers with, as an object; anything but success fails the check."""
        done = self.kubectl(*arguments, "-o", "json", tenant=tenant)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def eventually(self, condition: Callable[[], bool], *, within_seconds: float, what: str) -> None:
        deadline = time.monotonic() + within_seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {within_seconds:.0f} s: {what}"
            time.sleep(_POLL_SECONDS)

    def _kubeconfig(self, tenant: str) -> Path:
        path = self.directory / f"{tenant or 'admin'}.kubeconfig"
        if not path.exists():
            more = ("--tenant", tenant) if tenant else ()
            content = self.tiers("kubeconfig", "--stack", self.stack, *more)
            path.touch(mode=0o600)
            path.write_text(content)
        return path

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(_BIN), self.variables.get("PATH", os.defpath)])
        return {**self.variables, "PATH": path, "PYTHONPATH": str(self.clone), "NO_COLOR": "1"}

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, cwd=self.clone, env=self._environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def on_a_lane(lane: Lane, *, clone: Path, variables: Mapping[str, str], directory: Path) -> World:
    session = boto3.Session(
        aws_access_key_id=lane.access_key_id,
        aws_secret_access_key=lane.secret_access_key,
        region_name=lane.environment()["AWS_REGION"],
    )
    make: Any = session.client
    return World(
        stack="local",
        clone=clone,
        variables=variables,
        directory=directory,
        client=lambda service: make(service, endpoint_url=lane.aws_endpoint),
    )
