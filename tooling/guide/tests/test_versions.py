"""The version of a service: read, suggested, checked and written."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import BadInput
from tooling.guide.versions import next_minor, require_version, service_version, set_service_version

PROJECT = """\
# The service.
[project]
name = "demo-service"
version = "1.0.0"
dependencies = ["fastapi"]

[tool.other]
version = "9.9.9"
"""


@pytest.fixture
def application(tmp_path: Path) -> Path:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    return tmp_path


def test_a_new_version_changes_one_line(application: Path) -> None:
    assert service_version(application) == "1.0.0"
    set_service_version(application, "1.1.0")
    assert service_version(application) == "1.1.0"
    text = (application / "service" / "pyproject.toml").read_text(encoding="utf-8")
    assert text == PROJECT.replace('version = "1.0.0"', 'version = "1.1.0"')


def test_the_next_minor_is_suggested() -> None:
    assert next_minor("1.2.7") == "1.3.0"
    assert next_minor("2026.1") == "2026.1"


def test_a_version_is_taken_with_or_without_its_v() -> None:
    assert require_version("v1.2.3", "1.0.0") == require_version(" 1.2.3 ", "1.0.0") == "1.2.3"


@pytest.mark.parametrize("wanted", ["", "1.1", "latest", "1.0.0", "v1.0.0", "01.1.0", "1.1.0-rc1"])
def test_another_form_and_the_present_version_are_refused(wanted: str) -> None:
    with pytest.raises(BadInput) as refused:
        require_version(wanted, "1.0.0")
    assert refused.value.code == "version-invalid"
    assert "1.1.0" in refused.value.what
