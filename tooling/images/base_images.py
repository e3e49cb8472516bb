"""Writes the pinned base images into the Dockerfiles of services: `ARG PYTHON_RUNTIME_IMAGE=…` and the like.

A Dockerfile can be built by hand, so that it must contain the images; they are pinned in `shared/versions.py`, where
`make pins` checks them. A Dockerfile with other base images has no such line and stays as it is.
"""

from __future__ import annotations

import re

from shared import versions
from tooling.images.services import service_directories
from tooling.paths import REPOSITORY

NAMES = ("PYTHON_BUILD_IMAGE", "PYTHON_RUNTIME_IMAGE")
_LINE = re.compile(rf"^ARG ({'|'.join(NAMES)})=.*$", re.MULTILINE)


def dockerfiles() -> dict[str, str]:
    """Path of each Dockerfile in the repository to its content with the pinned images."""
    found = [path for directory in service_directories() if (path := directory / "Dockerfile").is_file()]
    return {str(path.relative_to(REPOSITORY)): with_pins(path.read_text(encoding="utf-8")) for path in found}


def with_pins(text: str) -> str:
    return _LINE.sub(lambda line: f"ARG {line[1]}={getattr(versions, line[1]).value}", text)
