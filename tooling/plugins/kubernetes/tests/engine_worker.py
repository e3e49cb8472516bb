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

from tooling.plugins.kubernetes.tests.engine_programs import PROGRAMS


def perform(request: dict[str, Any]) -> dict[str, Any]:
    """Answers `changes`, `outputs` and `state` after the operation, its `output`, and its `error` if it failed."""
    output: list[str] = []
    stack = _stack(request)
    run = getattr(stack, request["operation"])
    answer: dict[str, Any] = {"error": "", "changes": {}}
    try:
        result = run(on_output=output.append, **request["options"])
        summary = result.change_summary if request["operation"] == "preview" else result.summary.resource_changes
        answer["changes"] = {str(getattr(key, "value", key)): count for key, count in (summary or {}).items()}
    except automation.CommandError as error:
        answer["error"] = str(error)
    answer["output"] = "\n".join(output)
    answer["outputs"] = {name: value.value for name, value in stack.outputs().items() if not value.secret}
    answer["state"] = stack.export_stack().deployment
    return answer


def _stack(request: dict[str, Any]) -> automation.Stack:
    program = PROGRAMS[request["program"]]

    def run() -> None:
        provider = k8s.Provider("cluster", kubeconfig=request["kubeconfig"], cluster_identifier="test-cluster")
        program(provider, **request["arguments"])

    directory = Path(request["directory"])
    variables = {
        "PULUMI_HOME": str(directory / "home"),
        "PULUMI_BACKEND_URL": f"file://{directory}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{request['port']}",
    }
    options = automation.LocalWorkspaceOptions(env_vars=variables, work_dir=str(directory))
    return automation.create_or_select_stack("test", project_name="demo", program=run, opts=options)


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(perform(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
