"""Runs operations of the real engine, one JSON line each, in a process of its own.

The Automation API leaves event loops and sockets of inline programs to the garbage collector, which the test run, where
warnings are errors, would be blamed for; and one start of Pulumi's SDK serves many operations.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
from pulumi import automation

from shared.versions import ENGINE
from tooling.plugins.kubernetes.tests.engine_programs import PROGRAMS
from tooling.runner.worker import BareStack, KnownEngine


def perform(request: dict[str, Any]) -> dict[str, Any]:
    """Answers the operation's `changes` and `output`, and its `error` if it failed."""
    output: list[str] = []
    answer: dict[str, Any] = {"error": "", "changes": {}}

    def on_event(event: automation.EngineEvent) -> None:
        if event.summary_event is not None:
            changes = event.summary_event.resource_changes or {}
            answer["changes"] = {str(getattr(key, "value", key)): count for key, count in changes.items()}

    stack = _stack(request["directory"], request["port"])
    stack.workspace.program = lambda: _run(request)
    try:
        getattr(stack, request["operation"])(on_output=output.append, on_event=on_event, **request["options"])
    except automation.CommandError as error:
        answer["error"] = str(error)
    return {**answer, "output": "\n".join(output)}


def _run(request: dict[str, Any]) -> None:
    provider = k8s.Provider("cluster", kubeconfig=request["kubeconfig"], cluster_identifier="test-cluster")
    PROGRAMS[request["program"]](provider, **request["arguments"])


def _stack(directory: str, port: int) -> automation.Stack:
    variables = {
        "PULUMI_HOME": str(Path(directory) / "home"),
        "PULUMI_BACKEND_URL": f"file://{directory}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{port}",
    }
    workspace = automation.LocalWorkspace(
        work_dir=directory,
        env_vars=variables,
        pulumi_command=KnownEngine(ENGINE.value),
        project_settings=automation.ProjectSettings(name="demo", runtime="python"),
    )
    if not (Path(directory) / ".pulumi" / "stacks" / "demo" / "test.json").exists():
        workspace.create_stack("test")
    return BareStack("test", workspace)


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(perform(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
