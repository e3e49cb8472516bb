"""`tiers upgrade-check` without a reachable cluster."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.environment_variables import TIERS_LOCAL_DIR
from shared.versions import KUBERNETES
from tooling.cli.main import app


@pytest.fixture(autouse=True)
def no_lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TIERS_LOCAL_DIR.name, str(tmp_path / "absent"))


def test_the_pinned_minor_needs_no_fix() -> None:
    done = CliRunner().invoke(app, ["upgrade-check", "--stack", "local", "--to", KUBERNETES.value, "--json"])
    document = json.loads(done.stdout)
    assert done.exit_code == 0, document
    assert {finding["check"] for finding in document["findings"]} == {"step", "skew", "apis", "add-ons"}
    assert [one["what"] for one in document["findings"] if one["verdict"] == "fix"] == []
    assert any("the running versions are unknown, because" in one["what"] for one in document["findings"])


def test_a_minor_without_pins_lists_each_add_on_and_exits_with_4() -> None:
    done = CliRunner().invoke(app, ["upgrade-check", "--stack", "local", "--to", "1.36"])
    assert done.exit_code == 4
    said = re.sub(r"\s+", " ", done.stdout)
    for name in ("coredns", "kube-proxy", "vpc-cni", "cluster-autoscaler", "metrics-server"):
        assert f"no version of {name} for 1.36 is known" in said
    assert "5 to fix before the upgrade." in said
