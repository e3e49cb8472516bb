"""What the options of `up`, `preview`, `destroy` and `refresh` ask for: one request, whichever command it is."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from tooling.cli import operations
from tooling.cli.main import app
from tooling.cli.operations import OperationRequest
from tooling.runner.messages import Operation


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[OperationRequest]:
    requests: list[OperationRequest] = []
    monkeypatch.setattr(operations, "_operate", requests.append)
    return requests


def test_every_tenant_that_the_command_names_is_selected(asked: list[OperationRequest]) -> None:
    arguments = ["up", "tenants", "--tenant", "a", "--tenant", "b", "--stack", "dev", "--yes", "--adopt", "bucket"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert asked == [
        OperationRequest(
            operation="up",
            environment="dev",
            tiers=["tenants"],
            tenants=["a", "b"],
            confirm=False,
            adopt=["bucket"],
        )
    ]


@pytest.mark.parametrize(("operation", "confirm"), [("preview", False), ("destroy", True), ("refresh", True)])
def test_every_application_that_the_command_names_is_selected(
    asked: list[OperationRequest], operation: Operation, confirm: bool
) -> None:
    arguments = [operation, "--app", "demo", "--app", "shop", "--stack", "dev", "--json"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    applications = ["demo", "shop"]
    assert asked == [
        OperationRequest(
            operation=operation, environment="dev", applications=applications, confirm=confirm, as_json=True
        )
    ]
