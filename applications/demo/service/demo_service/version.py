"""The version of the running service."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def service_version(environment: Mapping[str, str] = os.environ, project: Path = _PROJECT) -> str:
    """`SERVICE_VERSION`, which the image sets from its build argument; in the source tree, where there is no image, the
    version of `pyproject.toml`, which the build argument comes from."""
    return (
        environment.get("SERVICE_VERSION") or tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    )
