"""The page that lays the environments side by side tells their values, and only what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling.generated.environments import differing, environments_page, settings_of

INFRASTRUCTURE = Path("infrastructure")


def rows(page: str, heading: str) -> dict[str, list[str]]:
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["setting", "dev", "local", "prod", "staging"]
    return {row[0]: row[1:] for row in cells[2:]}


def test_environments_differ_in_what_should_differ() -> None:
    told = rows(environments_page(), "infrastructure")
    # dev, local, prod, staging
    assert told["nat_gateways"] == ['"one"', '"per-zone"', '"per-zone"', '"one"']
    assert told["protect"] == ["false", "false", "true", "true"]
    assert told["force_destroy"] == ["true", "true", "false", "false"]
    assert told["log_retention_days"] == ["30", "30", "365", "90"]
    assert told["flow_log_retention_days"] == ["30", "30", "365", "90"]
    assert told["key_deletion_window_days"] == ["7", "7", "30", "14"]
    assert told["desired_capacity"] == ["2", "3", "5", "3"]


def test_a_setting_that_is_the_same_everywhere_is_left_out() -> None:
    told = rows(environments_page(), "infrastructure")
    assert "vpc_cidr" not in told
    assert differing({"dev": {"a": 1, "b": 1}, "prod": {"a": 1, "b": 2}}) == {"b": [1, 2]}
    assert differing({"dev": {"name": 1}, "prod": {"name": 2}}, frozenset({"name"})) == {}


@pytest.mark.parametrize("environment", ["dev", "local", "prod", "staging"])
def test_every_environment_has_the_default_layout(environment: str) -> None:
    settings = settings_of(INFRASTRUCTURE, environment)
    assert settings["vpc_cidr"] == "10.0.0.0/16"
    assert (settings["pod_cidr"], settings["interface_endpoints"]) == ("", [])
