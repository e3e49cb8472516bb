"""The workflows as files: path in the repository to text."""

from __future__ import annotations

from typing import Any

import yaml

from tooling.runner.tiers_file import load_tiers
from tooling.workflows.actions import ACTIONS
from tooling.workflows.application_workflow import application_workflows
from tooling.workflows.code_owners import code_owners_file
from tooling.workflows.path_filters import workflow_path
from tooling.workflows.repository_workflows import drift_workflow, pull_request_workflow, tooling_workflow
from tooling.workflows.tier_workflow import tier_workflow

_HEADER = "# Written by `make update-workflows` from tiers.yaml and tooling/workflows/; not to be edited.\n"


class _Dumper(yaml.SafeDumper):
    """Multi-line texts as blocks, `null` as nothing, and no anchors, as in a hand-written workflow."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)
_Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def github_files() -> dict[str, str]:
    """Everything that is generated below `.github`."""
    return {**workflow_files(), **code_owners_file()}


def workflow_files() -> dict[str, str]:
    """Every workflow: one per tier and per application, and those of the repository."""
    tiers = load_tiers().tiers
    workflows = [
        *(tier_workflow(tier) for tier in tiers),
        *(found for tier in tiers if tier.stacks == "application" for found in application_workflows(tier)),
        tooling_workflow(),
        pull_request_workflow(),
        drift_workflow(),
    ]
    return {workflow_path(workflow["name"]): _text(workflow) for workflow in workflows}


def _text(workflow: dict[str, Any]) -> str:
    text = yaml.dump(workflow, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
    # YAML 1.1 reads a bare `on` as true, so it is quoted; GitHub reads both.
    text = text.replace("'on':", "on:", 1)
    for action in ACTIONS:
        text = text.replace(f"{action.uses}\n", f"{action.uses} # {action.version}\n")
    return _HEADER + text
