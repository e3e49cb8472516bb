"""Translates the engine's events into the runner's messages."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pulumi.automation.events import EngineEvent, OpType, PolicyEvent, StepEventMetadata

from shared.environment import load_environment
from shared.errors import PlatformError
from tooling.aws_refusals.explanation import Subject, explained
from tooling.foreign_errors import with_hint
from tooling.runner.messages import HELM_RELEASE, Diagnostic, FailedCreate, Message, PropertyChange, Step

_SILENT = {OpType.SAME, OpType.READ}
_CREATES = {OpType.CREATE, OpType.CREATE_REPLACEMENT}
_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
_REPEATED = re.compile(r"^(an unhandled error occurred: |Exception calling application: )+")
"""Prefixes of the engine, and of gRPC in the program's server, when a program's error is reported a second time."""
_CANCELLED = "context canceled"
"""How a message ends about what the engine has stopped because of an error that it has reported."""
_VALUE_CHARACTERS = 60
"""Longer values are truncated in messages: nobody reads a kubeconfig or a policy in a terminal."""


class Translator:
    """Translates the events of one operation into messages, and counts the changes."""

    def __init__(self, number: int, send: Callable[[Message], None]) -> None:
        self._number = number
        self._send = send
        self._counted: Counter[str] = Counter()
        self.said_error = False
        self._said: set[str] = set()
        self._explanations: set[tuple[str, str]] = set()
        """Refusals that have been explained: URN and code."""
        self._begun: dict[str, StepEventMetadata] = {}
        """The last step started on each resource, by URN: a diagnostic contains no more than the URN."""
        self._summary: dict[str, int] | None = None

    @property
    def changes(self) -> dict[str, int]:
        """Count of resources by operation; the engine's own summary if it reported one."""
        return dict(self._counted) if self._summary is None else self._summary

    def event(self, event: EngineEvent) -> None:
        if event.resource_pre_event is not None:
            self._begun[event.resource_pre_event.metadata.urn] = event.resource_pre_event.metadata
            self._step("started", event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._step("done", event.res_outputs_event.metadata)
        elif event.res_op_failed_event is not None:
            self._step("failed", event.res_op_failed_event.metadata)
            self._failed_create(event.res_op_failed_event.metadata)
        elif event.diagnostic_event is not None:
            self._diagnostic(event.diagnostic_event)
        elif event.policy_event is not None:
            self._violation(event.policy_event)
        elif event.summary_event is not None:
            self._summary = {str(_text(key)): count for key, count in event.summary_event.resource_changes.items()}

    def _step(self, phase: Any, metadata: StepEventMetadata) -> None:
        if metadata.op in _SILENT:
            return
        if phase == "done":
            self._counted[_text(metadata.op)] += 1
        self._send(
            Step(
                number=self._number,
                phase=phase,
                operation=_text(metadata.op),
                type=metadata.type,
                name=metadata.urn.split("::")[-1],
                changes=_property_changes(metadata) if phase == "started" else [],
                urn=metadata.urn,
            )
        )

    def _failed_create(self, metadata: StepEventMetadata) -> None:
        new = metadata.new
        # Helm refuses a release with an unfinished upgrade. A failed update of any other type leaves nothing behind.
        is_upgrade = metadata.op == OpType.UPDATE and metadata.type == HELM_RELEASE
        if new is None or new.type.startswith("pulumi:") or not (metadata.op in _CREATES or is_upgrade):
            return
        described = {
            "urn": new.urn,
            "type": new.type,
            "custom": new.custom,
            "parent": new.parent,
            "provider": new.provider or metadata.provider,
            "protect": new.protect,
            "inputs": dict(new.inputs or {}),
            "operation": "update" if is_upgrade else "",
        }
        self._send(FailedCreate(number=self._number, resource={k: v for k, v in described.items() if v}))

    def _diagnostic(self, diagnostic: Any) -> None:
        severity = diagnostic.severity
        if severity not in ("error", "warning", "info", "info#err"):
            return
        message = _REPEATED.sub("", _COLOUR.sub("", diagnostic.message).strip())
        if not message or message in self._said or (self.said_error and message.endswith(_CANCELLED)):
            return
        self._said.add(message)
        self.said_error = self.said_error or severity == "error"
        urn = diagnostic.urn or ""
        self._send(
            Diagnostic(
                number=self._number,
                severity="info" if severity == "info#err" else severity,
                message=self._explained(message, urn) if severity == "error" else message,
                resource=urn.split("::")[-1] if urn and "pulumi:pulumi:Stack" not in urn else "",
            )
        )

    def _explained(self, message: str, urn: str) -> str:
        """The message with a code and hints, if AWS or the machine refused something."""
        begun = self._begun.get(urn)
        if begun is None or urn.count("::") < 3:
            return with_hint(message)
        stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
        described = begun.new or begun.old
        outputs = (begun.old.outputs if begun.old else None) or {}
        subject = Subject(
            operation=_text(begun.op),
            type=begun.type,
            name=urn.split("::")[-1],
            project=project,
            stack=stack,
            inputs={**outputs, **((described.inputs if described else None) or {})},
            resource_id=(begun.old.id if begun.old else None) or "",
            region=_region(stack),
        )
        shown = explained(with_hint(message), subject)
        code = shown.partition("]")[0]
        # The released plug-in logs a refusal before the engine reports it.
        if shown.startswith("error[aws-") and (urn, code) in self._explanations:
            return message
        self._explanations.add((urn, code))
        return shown

    def _violation(self, event: PolicyEvent) -> None:
        """A policy violation in the form of the platform's errors; the engine puts the rule's description first."""
        what, _, hint = _COLOUR.sub("", event.message).strip().partition("\nhint: ")
        resource = (event.resource_urn or "").split("::")
        mandatory = event.enforcement_level == "mandatory"
        lines = [f"{'error' if mandatory else 'warning'}[policy-{event.policy_name}]: {what}"]
        if len(resource) > 3:
            lines.append(f"  at: {resource[2].rsplit('$', 1)[-1]} {resource[3]}")
        if hint:
            lines.append(f"hint: {hint}")
        self.said_error = self.said_error or mandatory
        self._send(
            Diagnostic(
                number=self._number,
                severity="error" if mandatory else "warning",
                message="\n".join(lines),
                resource=resource[-1],
            )
        )


def _property_changes(metadata: StepEventMetadata) -> list[PropertyChange]:
    detailed = metadata.detailed_diff or {}
    old = (metadata.old.inputs if metadata.old else None) or {}
    new = (metadata.new.inputs if metadata.new else None) or {}
    if not detailed and metadata.op == OpType.UPDATE:
        return [
            PropertyChange(path=key, kind="update", before=_shown(old.get(key)), after=_shown(new.get(key)))
            for key in sorted(metadata.diffs or [])
        ]
    return [
        PropertyChange(
            path=path,
            kind=_text(difference.diff_kind),
            before=_shown(_at(old, path)),
            after=_shown(_at(new, path)),
        )
        for path, difference in sorted(detailed.items())
    ]


def _at(value: Any, path: str) -> Any:
    """Follows a property path such as `spec.hard["requests.cpu"]` or `rules[0].cidr`."""
    for dotted, quoted, index in re.findall(r'([^.\[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]', path):
        if isinstance(value, Mapping):
            value = value.get(dotted or quoted or index)
        elif isinstance(value, list):
            position = dotted or index
            value = value[int(position)] if position.isdigit() and int(position) < len(value) else None
        else:
            return None
    return value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _VALUE_CHARACTERS else text[: _VALUE_CHARACTERS - 1] + "…"


def _text(value: Any) -> str:
    return str(getattr(value, "value", value))


def _region(stack: str) -> str:
    try:
        return load_environment(stack.partition(".")[0]).region
    except PlatformError:
        return ""
