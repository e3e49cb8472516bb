"""The version of an application's service: one line of its `pyproject.toml`, from which its image is tagged."""

from __future__ import annotations

import re
from pathlib import Path

from shared.errors import BadInput
from tooling.images.services import Service
from tooling.whole_files import write_whole

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)
_LINE = re.compile(r'^version = "[^"]*"$', re.MULTILINE)


def service_version(application: Path) -> str:
    return Service.read(application / "service").version


def next_minor(version: str) -> str:
    """`1.3.0` after `1.2.7`; the version itself if it has another form."""
    found = _VERSION.fullmatch(version)
    return f"{found[1]}.{int(found[2]) + 1}.0" if found else version


def require_version(wanted: str, running: str) -> str:
    """`wanted` without its `v`.

    Raises:
        BadInput: `version-invalid`: not of the form 1.2.3, or the one that is there.
    """
    version = wanted.strip().removeprefix("v")
    if not _VERSION.fullmatch(version) or version == running:
        raise BadInput(
            "version-invalid",
            f"{wanted!r} is not a new version such as {next_minor(running)}",
            at="the version of the service",
            hint=f"give three numbers, other than {running}: a tag of an image is never used twice",
        )
    return version


def set_service_version(application: Path, version: str) -> None:
    file = application / "service" / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    write_whole(file, _LINE.sub(f'version = "{version}"', text, count=1))
