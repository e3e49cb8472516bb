"""What worker and runner say to each other, and how the engine's events become it."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from tooling.runner.engine_events import Translator
from tooling.runner.messages import (
    Diagnostic,
    FailedCreate,
    Failure,
    Message,
    PropertyChange,
    Request,
    Result,
    Start,
    Step,
    from_line,
    to_line,
)
from tooling.runner.progress import summary_of


@pytest.mark.parametrize(
    "message",
    [
        Start(environment={"PATH": "/bin"}, engine_version="3.259.0"),
        Request(number=1, operation="up", stack="local", work_dir="x"),
        Result(number=1, changes={"create": 2, "same": 1}, seconds=1.5),
        Result(number=1, failure=Failure(message="no", exit_code=2, document={"code": "x"})),
        Diagnostic(number=2, severity="error", message="no\nsuch thing", resource="vpc"),
        Step(
            number=3,
            phase="started",
            operation="update",
            type="aws:ec2/vpc:Vpc",
            name="vpc",
            changes=[PropertyChange(path="tags.Name", kind="update", before="a", after="b")],
        ),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_survives_the_pipe(message: Message | Request | Start) -> None:
    line = to_line(message)
    assert "\n" not in line
    assert from_line(line) == message


def event(kind: str, content: dict[str, Any]) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, kind: content})


def metadata(operation: str, **more: Any) -> dict[str, Any]:
    return {
        "op": operation,
        "urn": "urn:pulumi:local::tenants::kubernetes:core/v1:ResourceQuota::quota",
        "type": "kubernetes:core/v1:ResourceQuota",
        "provider": "p",
        **more,
    }


def state(inputs: dict[str, Any]) -> dict[str, Any]:
    base = metadata("")
    return {
        "type": base["type"],
        "urn": base["urn"],
        "id": "",
        "parent": "",
        "inputs": inputs,
        "outputs": {},
        "provider": "",
    }


def test_an_updates_old_and_new_values_are_found_by_property_path() -> None:
    sent: list[Message] = []
    translator = Translator(7, sent.append)
    translator.event(
        event(
            "resourcePreEvent",
            {
                "metadata": metadata(
                    "update",
                    old=state({"spec": {"hard": {"requests.cpu": "4"}}}),
                    new=state({"spec": {"hard": {"requests.cpu": "6"}}}),
                    detailedDiff={'spec.hard["requests.cpu"]': {"diffKind": "update", "inputDiff": False}},
                )
            },
        )
    )
    (step,) = sent
    assert isinstance(step, Step)
    assert (step.number, step.phase, step.operation, step.name) == (7, "started", "update", "quota")
    assert step.changes == [PropertyChange(path='spec.hard["requests.cpu"]', kind="update", before="4", after="6")]


def test_what_stays_the_same_is_not_reported() -> None:
    sent: list[Message] = []
    translator = Translator(1, sent.append)
    translator.event(event("resourcePreEvent", {"metadata": metadata("same")}))
    translator.event(event("resOutputsEvent", {"metadata": metadata("same")}))
    assert sent == []
    assert translator.changes == {}


def test_an_error_of_a_program_is_reported_once() -> None:
    sent: list[Message] = []
    translator = Translator(1, sent.append)
    said: dict[str, str] = {}
    for prefix in ("", "Exception calling application: ", "an unhandled error occurred: "):
        said = {"prefix": "", "message": f"{prefix}error[port-not-open]: 81", "color": "never", "severity": "error"}
        translator.event(event("diagnosticEvent", {**said, "urn": metadata("")["urn"]}))
    stopped = {**said, "message": "failed to run remediation: context canceled", "urn": metadata("")["urn"]}
    translator.event(event("diagnosticEvent", stopped))
    assert sent == [Diagnostic(number=1, severity="error", message="error[port-not-open]: 81", resource="quota")]


def test_an_error_of_the_engine_is_passed_on_without_colour_codes() -> None:
    sent: list[Message] = []
    translator = Translator(1, sent.append)
    translator.event(
        event(
            "diagnosticEvent",
            {
                "prefix": "",
                "message": "<{%fg 1%}>denied<{%reset%}>\n",
                "color": "never",
                "severity": "error",
                "urn": metadata("")["urn"],
            },
        )
    )
    assert sent == [Diagnostic(number=1, severity="error", message="denied", resource="quota")]
    assert translator.said_error


def test_the_engines_own_summary_counts() -> None:
    translator = Translator(1, lambda message: None)
    translator.event(
        event(
            "summaryEvent",
            {
                "maybeCorrupt": False,
                "durationSeconds": 1,
                "resourceChanges": {"create": 3, "same": 2},
                "PolicyPacks": {},
            },
        )
    )
    assert translator.changes == {"create": 3, "same": 2}


@pytest.mark.parametrize(
    ("changes", "text"),
    [({}, "no changes"), ({"same": 9}, "no changes"), ({"create": 2, "same": 9}, "2 created")],
    ids=["none", "same", "created"],
)
def test_a_summary_says_what_changed_in_words(changes: dict[str, int], text: str) -> None:
    assert summary_of(changes) == text


@pytest.mark.parametrize(
    ("operation", "kind", "remembered"),
    [
        ("create", "kubernetes:core/v1:ResourceQuota", [""]),
        ("create", "kubernetes:helm.sh/v3:Release", [""]),
        ("update", "kubernetes:helm.sh/v3:Release", ["update"]),
        ("update", "kubernetes:core/v1:ResourceQuota", []),
        ("delete", "kubernetes:helm.sh/v3:Release", []),
    ],
)
def test_failed_changes_that_may_have_left_something_are_remembered(
    operation: str, kind: str, remembered: list[str]
) -> None:
    urn = f"urn:pulumi:local::tenants::{kind}::one"
    state = {"type": kind, "urn": urn, "custom": True, "id": "", "parent": "", "inputs": {"name": "one"}, "outputs": {}}
    failed = metadata(operation, type=kind, urn=urn, new={**state, "provider": "p"})
    sent: list[Message] = []

    Translator(1, sent.append).event(event("resOpFailedEvent", {"metadata": failed, "status": 1, "steps": 1}))

    found = [message.resource.get("operation", "") for message in sent if isinstance(message, FailedCreate)]
    assert found == remembered


def test_a_refusal_is_told_once_with_the_name_out_of_the_inputs_of_what_was_begun() -> None:
    """The released plug-in logs it, with its own prefix, before the engine tells it."""
    sent: list[Message] = []
    translator = Translator(1, sent.append)
    kind, group = "aws:cloudwatch/logGroup:LogGroup", "/aws/eks/eks-cluster-dev/cluster"
    urn = f"urn:pulumi:dev::infrastructure::{kind}::control-plane"
    begun = {"type": kind, "urn": urn}
    new = {**state({"name": group, "kmsKeyId": "[secret]"}), **begun}
    translator.event(event("resourcePreEvent", {"metadata": {**metadata("create", new=new), **begun}}))
    refusal = (
        f"creating CloudWatch Logs Log Group ({group}): operation error CloudWatch Logs: CreateLogGroup, https "
        "response error StatusCode: 400, RequestID: 1-2, ResourceAlreadyExistsException: The specified log group "
        "already exists"
    )
    for message in (f"sdk.helper_schema: {refusal}: provider=aws@7.51.1", f"1 error occurred:\n\t* {refusal}"):
        said = {"prefix": "", "message": message, "color": "never", "severity": "error", "urn": urn}
        translator.event(event("diagnosticEvent", said))
    first, second = (message.message for message in sent if isinstance(message, Diagnostic))
    assert first.startswith(f"error[aws-already-exists]: log group {group} already exists")
    assert f"  at: infrastructure/dev, {kind} control-plane\n" in first
    assert "hint: adopt it, with its content: tiers up infrastructure --stack dev --adopt control-plane" in first
    assert f"delete it: aws logs delete-log-group --log-group-name {group} --region us-east-1" in first
    assert second == f"1 error occurred:\n\t* {refusal}"
