"""Services: the source trees that the images of applications are built from, `applications/<app>/service/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tooling.paths import REPOSITORY


@dataclass(frozen=True, kw_only=True)
class Service:
    directory: Path
    name: str
    version: str
    dependencies: tuple[str, ...]

    @classmethod
    def read(cls, directory: Path) -> Service:
        project = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return cls(
            directory=directory,
            name=project["name"],
            version=project["version"],
            dependencies=tuple(project.get("dependencies", ())),
        )


def is_service(directory: Path) -> bool:
    return (directory / "pyproject.toml").is_file()


def service_directories() -> list[Path]:
    """Directories with the source of a service, in alphabetical order."""
    return sorted(path for path in REPOSITORY.glob("applications/*/service") if is_service(path))


def services() -> list[Service]:
    return [Service.read(directory) for directory in service_directories()]
