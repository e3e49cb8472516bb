"""Writes the version of each service into the chart beside it: `appVersion` in `chart/Chart.yaml`."""

from __future__ import annotations

import re

from tooling.images.services import services
from tooling.paths import REPOSITORY

_LINE = re.compile(r"^appVersion: .*$", re.MULTILINE)


def charts() -> dict[str, str]:
    """Path of each `Chart.yaml` in the repository to its content with the version of its service."""
    files = {}
    for service in services():
        path = service.directory.parent / "chart" / "Chart.yaml"
        if path.is_file():
            files[str(path.relative_to(REPOSITORY))] = with_version(path.read_text(encoding="utf-8"), service.version)
    return files


def with_version(text: str, version: str) -> str:
    # Quoted: otherwise 1.10 would be a number.
    return _LINE.sub(f'appVersion: "{version}"', text)
