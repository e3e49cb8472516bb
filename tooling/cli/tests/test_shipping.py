"""A change is shown and asked for; the stack file keeps it only if it was sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import typer

from shared.errors import Refused
from tooling.applications.health import Reason
from tooling.applications.proposal import Proposal
from tooling.cli import shipping
from tooling.cli.operations import OperationRequest, Performed
from tooling.runner.execution import Outcome
from tooling.runner.graph import StackId
from tooling.runner.messages import Failure

STACK = StackId(
    tier="applications",
    project="demo",
    stack="dev",
    directory="applications/demo",
    environment="dev",
    tenant="tenant-a",
)
COMMAND = "tiers app configure demo replicas=3 --stack dev"
BEFORE, AFTER = "config: {}\n", "config:\n  demo:replicas: 3\n"
CHANGED = {"update": 1}

Ship = Callable[..., int]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(BEFORE)
    return path


@pytest.fixture
def ship(file: Path, monkeypatch: pytest.MonkeyPatch) -> Ship:
    """Ships a change of `file` with these outcomes of preview and up; returns the exit code."""

    def run(
        *, preview: tuple[str, dict[str, int]] = ("done", CHANGED), up: str = "done", yes: bool = True, **more: Any
    ) -> int:
        def perform(request: OperationRequest, *_: object) -> Performed:
            assert file.read_text() == AFTER
            status, changes = preview if request.operation == "preview" else (up, CHANGED)
            failure = Failure(message="no")
            outcome = Outcome(stack=STACK, status=status, changes=changes, failure=failure)  # type: ignore[arg-type]
            return Performed(outcomes=[outcome], seconds=1.0)

        monkeypatch.setattr(shipping, "perform", perform)
        monkeypatch.setattr("tooling.runner.fork_server.ForkServer", lambda _: nullcontext())
        reason = Reason(what="crashed", said="container demo exited with 2", at="pod demo-1")
        monkeypatch.setattr(shipping, "_reasons", lambda _: [reason])
        proposal = Proposal(
            path=file, shown="Pulumi.dev.yaml", before=BEFORE, after=AFTER, changes={"replicas": ("2", "3")}
        )
        with pytest.raises((typer.Exit, typer.Abort)) as ended:
            shipping.ship(STACK, proposal, command=COMMAND, yes=yes, as_json=more.get("as_json", False))
        return getattr(ended.value, "exit_code", 130)

    return run


def test_a_change_that_was_deployed_stays_in_the_file(
    ship: Ship, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ship() == 0
    assert file.read_text() == AFTER
    said = capsys.readouterr().err
    assert "demo/dev (Pulumi.dev.yaml)\n  replicas: 2 → 3" in said
    assert "commit Pulumi.dev.yaml" in said


def test_a_change_whose_preview_fails_is_taken_back(ship: Ship, file: Path) -> None:
    assert ship(preview=("failed", {})) == 1
    assert file.read_text() == BEFORE


def test_a_change_that_changes_nothing_stays_in_the_file_and_deploys_nothing(ship: Ship, file: Path) -> None:
    assert ship(preview=("done", {"same": 9}), up="failed") == 0
    assert file.read_text() == AFTER


def test_a_release_that_is_not_healthy_says_why_and_how_to_go_back(
    ship: Ship, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ship(up="failed") == 1
    assert file.read_text() == AFTER
    said = capsys.readouterr().err
    assert "not healthy: crashed: container demo exited with 2 (pod demo-1)" in said
    assert said.endswith("hint: tiers app rollback demo --stack dev\n")


@pytest.mark.parametrize(("answer", "text", "code"), [(True, AFTER, 0), (False, BEFORE, 130)])
def test_the_answer_decides(
    ship: Ship, file: Path, monkeypatch: pytest.MonkeyPatch, answer: bool, text: str, code: int
) -> None:
    def confirm(question: str, **_: object) -> None:
        assert question == "deploy this to demo/dev?"
        if not answer:
            raise typer.Abort

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", confirm)
    assert ship(yes=False) == code
    assert file.read_text() == text


def test_without_a_terminal_nothing_is_asked_and_nothing_done(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Refused) as refused:
        shipping.require_answer(COMMAND, STACK, yes=False)
    assert (refused.value.code, refused.value.hint) == ("confirmation-missing", f"{COMMAND} --yes")


def test_json_is_one_document_with_change_preview_result_and_reasons(
    ship: Ship, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ship(up="failed", as_json=True) == 1
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert captured.err == ""
    assert document["settings"] == {"replicas": {"before": "2", "after": "3"}}
    assert (document["preview"]["changed"], document["up"]["stacks"][0]["status"]) == (True, "failed")
    assert [reason["what"] for reason in document["reasons"]] == ["crashed"]
    assert document["hint"] == "tiers app rollback demo --stack dev"
