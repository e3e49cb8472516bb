"""Access to the engine of one environment: its variables, its working directories, its list of stacks.

The local lane has an engine, a state backend and plug-ins of its own; every other environment uses the operator's
`pulumi`, credentials and plug-ins. This is the only module of the runner that knows the difference.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.environment import load_environment
from shared.environment_variables import TIERS_BACKEND_URL
from shared.errors import BadInput, PlatformError
from shared.stack_states import secrets_provider_of
from shared.versions import ENGINE
from tooling.lane.binaries import engine_at
from tooling.lane.state import Lane
from tooling.lane.state_key import SECRETS_PROVIDER, state_key
from tooling.lane.status import not_running
from tooling.paths import local_directory
from tooling.plugins.recorded import RECORDED
from tooling.policies.pack import PLUGIN_DIRECTORY, PORT_VARIABLE, write_analyzer, write_pack
from tooling.runner.ballast import BALLAST_BYTES, ballast
from tooling.runner.fork_server import ForkServer
from tooling.runner.graph import StackId
from tooling.runner.orphans import mark
from tooling.runner.plugin_server import running_plugins
from tooling.runner.stack_files import generated_work_dir
from tooling.system_errors import check_space

LOCAL = "local"
_DEPLOYMENT_VERSION = 3
"""Version of the documents that `pulumi stack export` writes. Source: apitype.DeploymentSchemaVersionCurrent."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The engine of one environment, ready for use."""

    environment: str
    variables: Mapping[str, str]
    """The complete environment of processes that call the engine."""
    secrets_provider: str = ""
    keep_open: Sequence[int] = ()
    """Descriptors that every process of the run inherits: the run's lock."""
    state_key: Mapping[str, str] = field(default_factory=dict)
    """Keys of the stack files of new stacks; empty if the engine makes them."""
    version: str = ""
    """Its version or a lower bound of it; empty if unknown."""
    policy_pack: str = ""
    """Directory of the policy pack for operations; empty if no operation follows."""

    @property
    def is_local(self) -> bool:
        return self.environment == LOCAL

    def secrets_provider_of(self, stack: StackId) -> str:
        """Secrets provider of a new stack. On the lane all stacks share one key, so that it is read once."""
        if self.is_local:
            return self.secrets_provider
        return secrets_provider_of(self.secrets_provider, stack.project, stack.stack)

    def work_dir(self, stack: StackId) -> Path:
        """Where the stack's generated `Pulumi.yaml` and stack file are, generated again from the project's own files.

        The engine writes into stack files, so they lie under `.local/` and the clone stays clean.
        """
        return generated_work_dir(stack, local_directory() / "stacks" / stack.environment, key=self.state_key)

    def run(self, *arguments: str, work_dir: Path | None = None, stdin: str | None = None) -> str:
        """Runs `pulumi` and returns its stdout.

        Raises:
            BadInput: `engine-missing`. PlatformError: `engine-failed`, with the command to run by hand.
        """
        require_pulumi(self.variables)
        done = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=work_dir or local_directory().parent,
            env=dict(self.variables),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise PlatformError(
                "engine-failed",
                f"pulumi {arguments[0]} failed: {_last_line(done.stderr or done.stdout)}",
                at=f"environment {self.environment}",
                hint=f"run it by hand: pulumi {' '.join(arguments)}",
            )
        return done.stdout

    def resource_counts(self) -> dict[str, int]:
        """`<project>/<stack>` of every stack in the backend to the number of its resources."""
        stacks: list[dict[str, Any]] = json.loads(self.run("stack", "ls", "--all", "--json"))
        return {"/".join(stack["name"].split("/")[-2:]): int(stack.get("resourceCount") or 0) for stack in stacks}

    def may_be_unfinished(self, stack: StackId) -> bool:
        """Whether the stack's record is worth an `export`: on the lane, whether it holds pending operations."""
        if not self.is_local:
            return self._found(stack) is not None
        return bool((_checkpoint(stack) or {}).get("pending_operations"))

    def is_new(self, stack: StackId) -> bool:
        """Whether the stack is known not to exist, without calling the engine; only the lane can tell."""
        file = _checkpoint_file(stack) if self.is_local else None
        return file is not None and not file.exists()

    def exists(self, stack: StackId) -> bool:
        """Whether the backend has the stack."""
        if self.is_local:
            return not self.is_new(stack)
        return self._found(stack) is not None

    def recorded_only(self, stack: StackId) -> list[str]:
        """Charts of the stack that the lane has recorded but not run: `<resource>: <chart> <version>`."""
        resources = (_checkpoint(stack) or {}).get("resources") or [] if self.is_local else []
        found = [(one["urn"].rpartition("::")[2], one.get("outputs", {}).get("status")) for one in resources]
        return [
            f"{name}: {status['chart']} {status.get('version', '')}".strip()
            for name, status in found
            if isinstance(status, dict) and status.get("status") == RECORDED
        ]

    def protected(self, stack: StackId) -> list[str]:
        """Names of the stack's resources that the engine refuses to delete."""
        record = (_checkpoint(stack) or {}) if self.is_local else self.export(stack)
        return [one["urn"].rpartition("::")[2] for one in record.get("resources") or [] if one.get("protect")]

    def export(self, stack: StackId) -> dict[str, Any]:
        """The engine's record of a stack: `{"resources": […], "pending_operations": […], …}`, secrets encrypted."""
        text = self.run("stack", "export", "--stack", stack.stack, work_dir=self.work_dir(stack))
        return json.loads(text)["deployment"]

    def record(self, stack: StackId) -> dict[str, Any]:
        """As `export`, without an engine on the lane; empty for a stack that does not exist."""
        return (_checkpoint(stack) or {}) if self.is_local else self.export(stack)

    def import_(self, stack: StackId, deployment: Mapping[str, Any]) -> None:
        """Replaces the engine's record of a stack."""
        document = json.dumps({"version": _DEPLOYMENT_VERSION, "deployment": deployment})
        self.run("stack", "import", "--stack", stack.stack, work_dir=self.work_dir(stack), stdin=document)

    def _found(self, stack: StackId) -> dict[str, Any] | None:
        """The record of a stack; `None` if it does not exist. A list of all stacks would read the states of others."""
        try:
            return self.export(stack)
        except PlatformError as error:
            if "no stack named" in error.what:
                return None
            raise

    def outputs(self, stack: StackId) -> dict[str, Any]:
        """The plain outputs of a stack; secret ones are masked by the engine."""
        text = self.run("stack", "output", "--json", "--stack", stack.stack, work_dir=self.work_dir(stack))
        return json.loads(text)


@contextmanager
def open_engine(
    environment: str, *, plugins: ForkServer | None = None, keep_open: Sequence[int] = ()
) -> Iterator[Engine]:
    """The engine of `environment`.

    Args:
        plugins: starts the lane's plug-ins, if operations on resources follow; reading states needs none.
        keep_open: descriptors that the run's processes inherit.

    Raises:
        BadInput: `lane-down`, `lane-stopped`, `engine-too-old`.
    """
    settings = load_environment(environment, named_by="--stack")
    if environment != LOCAL:
        backend = os.environ.get(TIERS_BACKEND_URL.name) or settings.backend_url
        # Generated stack files hold no key, so a clone needs none: the state names the secrets provider.
        theirs = {**os.environ, "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true"}
        if backend:
            theirs["PULUMI_BACKEND_URL"] = backend
        _refuse_old_engine(theirs)
        engine = Engine(
            environment=environment,
            variables={**theirs, **mark(environment)},
            secrets_provider=settings.secrets_provider,
            keep_open=keep_open,
        )
        if plugins is None:
            yield engine
            return
        with running_plugins(plugins, theirs, "tooling.policies.serve", keep_open=keep_open) as ports:
            yield with_policies(engine, ports["policies"], analyzers=local_directory() / "policies" / "bin")
        return
    lane = Lane.load()
    if lane is None:
        raise BadInput("lane-down", "the local lane is not running", at="--stack local", hint="tiers local up")
    local = Engine(
        environment=environment,
        variables={**lane.environment(), **mark(environment)},
        secrets_provider=SECRETS_PROVIDER,
        state_key=state_key(lane.state_key_file),
        version=ENGINE.value,
    )
    if plugins is None:
        yield local
        return
    stopped = not_running(lane)
    if stopped:
        raise BadInput(
            "lane-stopped",
            f"parts of the local lane are not running: {', '.join(stopped)}",
            at="--stack local",
            hint="tiers local up",
        )
    check_space(lane.directory, 2 * BALLAST_BYTES)
    with ballast(lane.directory), running_plugins(plugins, local.variables, keep_open=keep_open) as ports:
        policies = ports.pop("policies")
        attached = ",".join(f"{name}:{port}" for name, port in sorted(ports.items()))
        # An engine runs for seconds with little memory, yet garbage collection takes a twelfth of its CPU time.
        variables = {"GOGC": "400", **local.variables, "PULUMI_DEBUG_PROVIDERS": attached}
        engine = dataclasses.replace(local, variables=variables, keep_open=keep_open)
        yield with_policies(engine, policies, analyzers=lane.pulumi_home / "plugins" / PLUGIN_DIRECTORY)


def _checkpoint(stack: StackId) -> dict[str, Any] | None:
    """The lane's record of a stack, read from its file; `None` for a stack that does not exist yet."""
    file = _checkpoint_file(stack)
    try:
        return json.loads(file.read_bytes())["checkpoint"]["latest"] if file is not None else None
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _checkpoint_file(stack: StackId) -> Path | None:
    lane = Lane.load()
    return lane and lane.state_directory / ".pulumi" / "stacks" / stack.project / f"{stack.stack}.json"


def with_policies(engine: Engine, port: int, *, analyzers: Path) -> Engine:
    """The engine with the policies that are served on `port`; `analyzers` is where it finds its analyzer: a directory
    of its PULUMI_HOME, or any, which is put on its PATH.
    """
    write_analyzer(analyzers)
    path = os.pathsep.join([str(analyzers), *filter(None, [engine.variables.get("PATH")])])
    return dataclasses.replace(
        engine,
        variables={**engine.variables, PORT_VARIABLE: str(port), "PATH": path},
        policy_pack=str(write_pack(local_directory() / "policies")),
    )


def require_pulumi(variables: Mapping[str, str]) -> None:
    if shutil.which("pulumi", path=variables.get("PATH")) is None:
        raise BadInput(
            "engine-missing",
            "the Pulumi CLI is not on PATH",
            at="PATH",
            hint="install it: https://www.pulumi.com/docs/install/",
        )


def _refuse_old_engine(variables: Mapping[str, str]) -> None:
    """Refuses an engine that is too old. The lane ignores such an engine on PATH and builds its own."""
    executable = shutil.which("pulumi", path=variables.get("PATH"))
    if executable is None:
        return  # `require_pulumi` reports a missing engine where one is needed
    version, fits = engine_at(executable)
    if not fits:
        found = ".".join(map(str, version)) if version else "of an unknown version"
        raise BadInput(
            "engine-too-old",
            f"Pulumi {found} does not fit: the programs need {ENGINE.value} or newer",
            at=executable,
            hint="install a newer version: https://www.pulumi.com/docs/install/",
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed no error"
