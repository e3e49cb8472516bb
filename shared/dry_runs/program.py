"""Runs a Pulumi program under mocks, as the engine's language host would, and returns what it registered.

Each run has its own modules, settings, root stack, event loop and environment variables, and leaves no state behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import logging
import os
import warnings
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import yaml
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, run_in_stack, set_all_config
from pulumi.runtime import resource as registration
from pulumi.runtime.proto import resource_pb2, source_pb2
from pulumi.runtime.settings import configure, set_root_resource

from shared.dry_runs.computed import ACCOUNT
from shared.dry_runs.contracts import every_contract
from shared.dry_runs.modules import project_modules
from shared.dry_runs.recording import RecordingMonitor, Registered, Upstream
from shared.narrowing import is_dict

Stacks = Callable[[str], Mapping[str, Any] | None]
"""Maps the full reference of a stack to its outputs; `None` if the stack does not exist."""

_WASHED = ("AWS_", "PULUMI_", "KUBE", "ENVIRONMENT_SUFFIX", "PLATFORM_ACCOUNT_ID")

# No mock reads from where a resource was registered, and the SDK's look at the stack takes a fifth of a run.
registration._get_stack_trace = source_pb2.StackTrace  # pyright: ignore[reportPrivateUsage]


@dataclass(frozen=True, kw_only=True)
class DryRun:
    resources: list[Registered]
    """In the order of registration. It depends on which Output is known first: only that a parent comes before its
    children is guaranteed."""
    outputs: dict[str, Any]
    """Stack outputs; `UNKNOWN` for values that a preview cannot know."""
    warnings: list[str]


def dry_run(
    program: Path | Callable[[], None],
    *,
    stack: str = "dev",
    project: str | None = None,
    config: Mapping[str, Any] | None = None,
    upstream: Stacks = every_contract,
    preview: bool = False,
    variables: Mapping[str, str] | None = None,
) -> DryRun:
    """Runs a program once.

    Args:
        program: a project's directory, or a function to run instead of a program.
        project: the project's name; default: the one in `Pulumi.yaml`, or `project` for a function.
        config: configuration keys without the project prefix, merged over `Pulumi.yaml` and `Pulumi.<stack>.yaml`.
        upstream: outputs of other stacks; default: the whole chain is deployed.
        preview: as in `pulumi preview`: computed values are unknown.
        variables: environment variables; `AWS_*`, `PULUMI_*`, `KUBE*` and the platform's own are removed first.

    Raises:
        Exception: any error that the program raised.
    """
    name, settings = project or "project", {}
    if isinstance(program, Path):
        name, settings = _project_files(program, stack)
    settings |= {f"{name}:{key}": value for key, value in (config or {}).items()}
    monitor = RecordingMonitor(Upstream(upstream), preview=preview)
    logger, said = _collecting_logger()

    def run() -> None:
        # Not `set_mocks`, which leaves a root stack behind; `run_in_stack` creates the one that receives the exports.
        configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=set(
                    # The SDK does not annotate the method's parameter.
                    cast(
                        resource_pb2.DeploymentInfo, cast(Any, monitor).GetDeploymentInfo(empty_pb2.Empty())
                    ).supportedFeatures
                ),
                engine=mocks.MockEngine(logger),
                project=name,
                stack=stack,
                dry_run=preview,
                organization="organization",
                callbacks=None,
                outputs=set(),
            )
        )
        set_root_resource(None)  # type: ignore[arg-type]  # as Pulumi's own default
        set_all_config({key: _as_text(value) for key, value in settings.items()}, [])
        with _event_loop() as loop:
            loop.run_until_complete(run_in_stack(_body(program)))

    modules = project_modules(program) if isinstance(program, Path) else contextlib.nullcontext()
    with modules, _quiet_imports(), patch.dict(os.environ, _environment(variables or {}), clear=True):
        contextvars.copy_context().run(run)
    return DryRun(resources=monitor.registered, outputs=monitor.outputs, warnings=said)


@contextlib.contextmanager
def _quiet_imports() -> Generator[None]:
    """The SDKs emit warnings on import about unused classes; if warnings are errors, a package is half imported."""
    with warnings.catch_warnings():
        for message in (".* has been deprecated in favor of ", "NodeGroup uses AWS EC2 LaunchConfiguration"):
            warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)
        yield


def _body(program: Path | Callable[[], None]) -> Callable[[], None]:
    if not isinstance(program, Path):
        return program
    main = program / "__main__.py"
    code = compile(main.read_text(encoding="utf-8"), str(main), "exec")
    return lambda: exec(code, {"__name__": "__main__", "__file__": str(main)})  # noqa: S102  a program of this repository


def _project_files(directory: Path, stack: str) -> tuple[str, dict[str, Any]]:
    """Name and configuration as the engine reads them from the two files."""
    project = yaml.safe_load((directory / "Pulumi.yaml").read_text(encoding="utf-8"))
    name = project["name"]
    settings: dict[str, Any] = {}
    declarations: dict[str, Any] = project.get("config") or {}
    for key, declared in declarations.items():
        qualified = key if ":" in key else f"{name}:{key}"
        value = declared.get("value", declared.get("default")) if is_dict(declared) else declared
        if value is not None:
            settings[qualified] = value
    file = directory / f"Pulumi.{stack}.yaml"
    if file.exists():
        content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        settings |= content.get("config") or {}
    return name, settings


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_WASHED)}
    # The first variable makes formatting an Output in an f-string an error; it would not yield the value.
    return {**kept, "PULUMI_ERROR_OUTPUT_STRING": "1", "PLATFORM_ACCOUNT_ID": ACCOUNT, **variables}


def _collecting_logger() -> tuple[logging.Logger, list[str]]:
    said: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.WARNING:
                said.append(record.getMessage())

    logger = logging.Logger("mock engine", logging.WARNING)
    logger.addHandler(Collector())
    return logger, said


@contextlib.contextmanager
def _event_loop() -> Generator[asyncio.AbstractEventLoop]:
    """An event loop that also closes the loops that Pulumi creates in its worker threads.

    If a program fails, everything that awaits the failed value fails too: only the first error is raised.
    """
    loops: list[asyncio.AbstractEventLoop] = []

    def own_loop() -> None:
        asyncio.set_event_loop(quiet_loop())

    def quiet_loop() -> asyncio.AbstractEventLoop:
        loops.append(asyncio.new_event_loop())
        loops[-1].set_exception_handler(lambda _loop, _context: None)
        return loops[-1]

    loop = quiet_loop()
    executor = ThreadPoolExecutor(max_workers=4, initializer=own_loop)
    loop.set_default_executor(executor)
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        executor.shutdown()
        asyncio.set_event_loop(None)
        for each in loops:
            each.close()
