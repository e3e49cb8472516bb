"""A chart carries the version of the service beside it."""

from __future__ import annotations

import yaml

from tooling.images.charts import charts, with_version
from tooling.images.services import services


def test_the_chart_of_the_demo_is_of_its_services_version() -> None:
    (demo,) = (service for service in services() if service.name == "demo-service")
    assert yaml.safe_load(charts()["applications/demo/chart/Chart.yaml"])["appVersion"] == demo.version


def test_a_new_version_is_written_and_nothing_else_changes() -> None:
    text = 'name: demo\nversion: 1.0.0\nappVersion: "1.0.0"\ntype: application\n'
    assert with_version(text, "1.10") == 'name: demo\nversion: 1.0.0\nappVersion: "1.10"\ntype: application\n'
