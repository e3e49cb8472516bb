"""The report says what was tried, and shows first what was not refused as it must be."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.attack.attempts import Attempt, Ledger, Mutation, Outcome, mechanism_of
from tests.attack.report import Findings, as_html, as_json, as_text, summary

ATTEMPT = Attempt(
    area="Kubernetes API",
    name="read <secrets>",
    source="MTB TI-2",
    actor="deployer",
    proof="an administrator reads them",
    mechanism="RBAC",
)
REFUSED = Outcome(attempt=ATTEMPT, refused_by="RBAC", answer="cannot list resource")


@pytest.mark.parametrize(
    ("status", "message", "mechanism"),
    [
        (201, "", ""),
        (401, "Unauthorized", "authentication"),
        (403, 'pods is forbidden: User "x" cannot list resource "pods" in API group ""', "RBAC"),
        (403, "user is attempting to grant RBAC permissions not currently held", "RBAC escalation"),
        (403, "ValidatingAdmissionPolicy 'tenant-x' with binding 'tenant-x' denied", "admission policy tenant-x"),
        (403, 'pods "x" is forbidden: violates PodSecurity "restricted:v1.35": hostPort', "Pod Security restricted"),
        (403, "exceeded quota: quota, requested: pods=1", "quota quota"),
        (403, "maximum cpu usage per Container is 1, but limit is 2", "limits"),
        (403, "something else", "status 403"),
        (404, "not found", "status 404"),
    ],
)
def test_the_mechanism_is_read_from_what_the_api_server_says(status: int, message: str, mechanism: str) -> None:
    assert mechanism_of(status, message) == mechanism


def test_an_attempt_is_expected_if_the_right_mechanism_refused_it() -> None:
    assert REFUSED.expected
    assert not replace(REFUSED, refused_by="").expected
    assert not replace(REFUSED, refused_by="quota quota").expected
    assert replace(REFUSED, attempt=replace(ATTEMPT, mechanism="quota quota or RBAC")).expected
    assert Outcome.of_dict(json.loads(json.dumps(REFUSED.to_dict()))) == REFUSED


def test_unexpected_outcomes_and_unnoticed_mutations_are_named() -> None:
    found = Findings(
        outcomes=[REFUSED, replace(REFUSED, refused_by="")],
        mutations=[Mutation(guardrail="quota row pods", through=()), Mutation(guardrail="label", through=("a", "b"))],
    )
    assert summary(found) == [
        "2 attempts, 1 unexpected, 0 tests failed",
        "     2  Kubernetes API",
        "2 guardrails taken out one by one, 1 without any attack noticing",
        "unexpected: Kubernetes API | deployer | read <secrets> | NOT REFUSED (must be: RBAC)",
        "unnoticed: quota row pods",
    ]
    assert "without label: a; b" in as_text(found)
    assert [one["expected"] for one in json.loads(as_json(found))["attempts"]] == [True, False]


def test_the_page_needs_nothing_but_itself_and_escapes_what_was_tried() -> None:
    page = as_html(Findings(outcomes=[REFUSED]))
    assert "read &lt;secrets&gt;" in page
    assert "<script" not in page
    assert "http" not in page


def test_what_a_test_records_reaches_the_report(request: pytest.FixtureRequest) -> None:
    item = request.node
    before = list(item.user_properties)
    try:
        ledger = Ledger(item)
        ledger.record(ATTEMPT, "RBAC", "cannot\n list")
        ledger.mutated("label", ["a"])
        report = pytest.TestReport(
            nodeid="tests/attack/file.py::test@group",
            location=("", None, ""),
            keywords={},
            outcome="failed",
            longrepr=None,
            when="call",
            user_properties=item.user_properties[len(before) :],
        )
    finally:
        item.user_properties[:] = before
    found = Findings()
    found.add(report)
    report.nodeid = "tests/chain/file.py::test"
    elsewhere = Findings()
    elsewhere.add(report)
    assert elsewhere.failed == []
    assert found.outcomes == [replace(REFUSED, answer="cannot list")]
    assert found.mutations == [Mutation(guardrail="label", through=("a",))]
    assert found.failed == ["tests/attack/file.py::test"]
