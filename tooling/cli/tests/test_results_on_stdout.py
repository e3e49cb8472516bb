"""Every command that prints rows prints them on stdout, untruncated, so that `tiers status | less` works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from shared.environment_variables import TIERS_LOCAL_DIR
from tooling.applications.health import Reason
from tooling.applications.history import Release
from tooling.applications.live import Workload
from tooling.aws_types.identification import Account
from tooling.cli.main import app
from tooling.iam.documents import Policy
from tooling.iam.evaluation import Policies
from tooling.iam.principals import Principal, user
from tooling.manifests.comparison import Answers

ROWS: dict[str, tuple[list[str], str]] = {
    "status": (["--stack", "dev"], "recorded, not run: a chart (infrastructure/dev)"),
    "outputs": (["infrastructure", "--stack", "dev"], "cluster_name  " + "long" * 50),
    "graph": (["platform-addons", "--stack", "dev"], "requires "),
    "audit": (["--stack", "local"], "network  vpc-1"),
    "cost": (["--stack", "dev"], "Unknown:"),
    "upgrade-check": (["--stack", "local", "--to", "1.36"], "to fix before the upgrade."),
    "app history": (["demo", "--stack", "dev"], "v1.0.0 sha256:abababababab"),
    "app status": (["demo", "--stack", "dev"], "problem  image not found: " + "long" * 20),
    "app diff": (["demo", "dev", "prod"], "max_replicas  2    10"),
    "app logs": (["demo", "--stack", "dev"], "demo-1  " + "long" * 50),
    "tenant list": ([], "tenant-a  team-a"),
    "tenant show": (["tenant-a", "--stack", "dev"], "owner, tenants/catalog/tenant-a.yaml:"),
    "tenant explain": (["tenant-a", "--stack", "dev"], "denies all traffic that no other policy allows"),
    "tenant diff": (["tenant-a", "--stack", "dev", "--with", "tenant-b"], "quota.pods"),
    "explain-access": (
        ["reader", "s3:GetObject", f"arn:aws:s3:::{'long' * 50}/x", "--stack", "dev"],
        f"denied: s3:GetObject on arn:aws:s3:::{'long' * 50}/x",
    ),
    "manifests check": ([], "dusk/dev  tenant-a  6 objects"),
    "manifests compare": (
        ["demo", "dusk", "--stack", "dev"],
        "demo         Pulumi       http://a.example/  200 hello  200 hello",
    ),
    "local status": ([], "local lane: absent"),
    "local list": ([], "no snapshots"),
}
"""Each command that prints rows: its arguments, and a text of its answer."""

NO_ROWS = {
    *("up", "preview", "destroy", "refresh"),  # progress and a report of work done
    *("kubeconfig", "env"),  # a file and a script
    *("app new", "app configure", "app release", "app rollback", "app promote"),  # a report of work done
    "render",  # files
    *("tenant new", "tenant suspend", "tenant resume"),  # a report of work done
    *("manifests diff",),  # what kubectl printed
    "contract import",  # a report of work done
    *("manifests apply", "manifests undo", "manifests delete"),  # a report of work done
    *("open", "app url"),  # one address
    *("local up", "local down", "local reset", "local save", "local restore", "local forget"),
}


RELEASE = Release(
    number=1,
    result="succeeded",
    started="2026-01-01T10:00:00.000Z",
    settings={"image_tag": "v1.0.0", "image_digest": "sha256:" + "ab" * 32},
)


ANSWERS = Answers(name="demo", deployed_by="Pulumi", url="http://a.example/", answers=("200 hello", "200 hello"))


POD = {"metadata": {"name": "demo-1", "namespace": "a"}}


class InTheCluster:
    def workloads(self) -> list[Workload]:
        reason = Reason(what="image not found", said="long" * 20, at="pod demo-1")
        return [Workload(kind="Deployment", name="demo", namespace="a", live={}, pods=[POD], reasons=[reason])]

    def log(self, pod: object, **_: object) -> str:
        return "long" * 50


class InIam:
    """An account whose roles have no policies."""

    def __init__(self, client: object) -> None:
        del client

    def caller(self, name: str) -> tuple[Principal, Policies]:
        return user(f"arn:aws:iam::111111111111:user/{name}"), Policies()

    def of_resource(self, action: str, arn: str) -> tuple[tuple[Policy, ...], bool]:
        del action, arn
        return (), False


class Deployed:
    """An engine with one deployed stack, for commands that only read."""

    is_local = False

    def resource_counts(self) -> dict[str, int]:
        return {"infrastructure/dev": 3}

    def recorded_only(self, stack: object) -> list[str]:
        return ["a chart"]

    def outputs(self, stack: object) -> dict[str, Any]:
        return {"cluster_name": "long" * 50}


@pytest.fixture(autouse=True)
def no_lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TIERS_LOCAL_DIR.name, str(tmp_path / "absent"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tooling.lane.audit.left", lambda: [{"kind": "network", "id": "vpc-1"}])


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    @contextmanager
    def open_engine(environment: str, **_: object) -> Iterator[Deployed]:
        yield Deployed()

    def patch() -> None:
        monkeypatch.setattr("tooling.runner.engine.open_engine", open_engine)
        monkeypatch.setattr("tooling.applications.history.releases", lambda *_: [RELEASE])
        monkeypatch.setattr("tooling.manifests.comparison.answers_of", lambda _, name, __: ANSWERS)
        found = Account(account_id="111111111111", partition="aws", client=lambda service: None)
        monkeypatch.setattr("tooling.runner.recovery.accounts.account_of", lambda _: found)
        monkeypatch.setattr("tooling.iam.account.Account", InIam)
        monkeypatch.setattr("tooling.applications.live.cluster_of", lambda *_: InTheCluster())

    return patch


def test_every_command_is_listed_here() -> None:
    """But for those of the guide, which run other commands."""
    root: Any = typer.main.get_command(app)
    groups = {name: command.commands for name, command in root.commands.items() if hasattr(command, "commands")}
    names = {name for name in root.commands if name not in groups}
    names |= {f"{group} {name}" for group, commands in groups.items() for name in commands if group != "guide"}
    assert names == ROWS.keys() | NO_ROWS


@pytest.mark.parametrize("command", ROWS)
def test_rows_go_to_stdout_and_nothing_to_stderr(command: str, deployed: Callable[[], None]) -> None:
    arguments, text = ROWS[command]
    if command in ("status", "outputs", "app history", "app status", "app logs", "manifests compare", "explain-access"):
        deployed()
    done = CliRunner().invoke(app, [*command.split(), *arguments])
    assert done.exit_code in (0, 4), done.output
    assert text in done.stdout
    assert "…" not in done.stdout
    assert done.stderr == ""
