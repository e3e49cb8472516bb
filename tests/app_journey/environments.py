"""Two environments beside a lane's own, as an app team's pipeline sees them: their states in a bucket of their own.

A lane has one environment, `local`. Here the stacks of the application in `dev` and `staging` are deployed by the same
command as in AWS: an engine and a backend that come from the caller's environment, and credentials of the tenant's CI
role. Of the tiers above, both environments have the published contract of the tenant alone: each is a further namespace
of the tenant on the lane's cluster.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.environment_variables import TIERS_BACKEND_URL
from tests.app_journey.deployment import ENVIRONMENTS, TENANT
from tests.chain.clone import Clone
from tooling.lane.state import Lane
from tooling.runner.fork_server import ForkServer
from tooling.runner.plugin_server import running_plugins

_LANES_OWN = ("PULUMI_BACKEND_URL", "PULUMI_IGNORE_AMBIENT_PLUGINS", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


@contextmanager
def two_environments(clone: Clone, directory: Path, credentials: Mapping[str, str]) -> Iterator[None]:
    """Within the block, `--stack dev` and `--stack staging` work in the clone.

    Args:
        directory: for states, the engine's home and the projects that publish contracts.
    """
    lane = Lane.load(clone.local)
    assert lane is not None
    theirs = {name: value for name, value in lane.environment().items() if name not in _LANES_OWN}
    (directory / "states").mkdir()
    theirs |= {
        **credentials,
        "PULUMI_HOME": str(directory / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "of the test",
        TIERS_BACKEND_URL.name: f"file://{directory / 'states'}",
    }
    # The plug-ins of the lane stand for the released ones, which need no lane.
    with ForkServer(os.environ) as server, running_plugins(server, {**lane.environment(), **credentials}) as ports:
        attached = {name: port for name, port in ports.items() if name != "policies"}
        theirs["PULUMI_DEBUG_PROVIDERS"] = ",".join(f"{name}:{port}" for name, port in sorted(attached.items()))
        for environment, namespace in ENVIRONMENTS.items():
            _publish(clone, directory / "tenants", environment, {"namespaces": [namespace]}, theirs)
        before = dict(clone.variables)
        clone.variables.update(theirs)
        try:
            yield
        finally:
            clone.variables.clear()
            clone.variables.update(before)


def _publish(
    clone: Clone, project: Path, environment: str, changed: Mapping[str, Any], variables: Mapping[str, str]
) -> None:
    """A stack of tier 3 that has nothing but the outputs of the lane's, with some changed."""
    (root,) = [one for one in clone.resources("tenants", f"local.{TENANT}") if one["type"] == "pulumi:pulumi:Stack"]
    stack = f"{environment}.{TENANT}"
    published = {
        **root,
        "urn": f"urn:pulumi:{stack}::tenants::pulumi:pulumi:Stack::tenants-{stack}",
        "outputs": {**root["outputs"], **changed},
    }
    project.mkdir(exist_ok=True)
    (project / "Pulumi.yaml").write_text("name: tenants\nruntime: python\n")
    document = {"version": 3, "deployment": {"manifest": {}, "resources": [published]}}
    pulumi = {**variables, "PULUMI_BACKEND_URL": variables[TIERS_BACKEND_URL.name]}
    for arguments, stdin in ((("stack", "init", stack), ""), (("stack", "import", "-s", stack), json.dumps(document))):
        subprocess.run(
            ["pulumi", "--non-interactive", *arguments], cwd=project, env=pulumi, input=stdin, text=True, check=True
        )
