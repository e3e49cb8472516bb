"""`requirements.txt` of each service: the part of `requirements.lock` that its image installs.

Tests run a service with the packages of the repository's environment. If its image resolved its dependencies again, it
would run other versions than those that were tested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.errors import BadInput
from shared.versions import SERVICE_PYTHON
from tooling.images.services import Service, services
from tooling.paths import REPOSITORY

_HEADER = (
    "# Generated from requirements.lock for the dependencies in pyproject.toml: make lock, then make update-generated\n"
)


def requirements_files() -> dict[str, str]:
    """Path of each `requirements.txt` in the repository to its content."""
    lock = locked((REPOSITORY / "requirements.lock").read_text(encoding="utf-8"))
    return {
        str(service.directory.relative_to(REPOSITORY) / "requirements.txt"): requirements(service, lock)
        for service in services()
    }


def requirements(service: Service, lock: Mapping[str, str]) -> str:
    """The locked versions and hashes of everything that the service needs in its image.

    Raises:
        BadInput: `dependency-not-locked`.
    """
    return _HEADER + "".join(lock[name] for name in sorted(_needed(service, lock)))


def locked(text: str) -> dict[str, str]:
    """Each package of a lock file to its lines: version, marker and hashes."""
    entries = re.findall(r"^[^\s#].*(?:\n[ \t]+.*)*\n?", text, re.MULTILINE)
    return {canonicalize_name(re.split(r"[=\s;]", entry, maxsplit=1)[0]): entry for entry in entries}


def _needed(service: Service, lock: Mapping[str, str]) -> set[str]:
    """Names of the packages, found in the metadata of what is installed, which is what the lock file says."""
    found: set[tuple[str, frozenset[str]]] = set()
    left = [each for each in map(Requirement, service.dependencies) if _applies(each, extras=set())]
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        if name not in lock:
            raise BadInput(
                "dependency-not-locked",
                f"{service.name} needs {name}, which is not in requirements.lock",
                at=str(service.directory.relative_to(REPOSITORY) / "pyproject.toml"),
                hint="make lock\nmake setup update-generated",
            )
        if (name, frozenset(requirement.extras)) not in found:
            found.add((name, frozenset(requirement.extras)))
            wanted = [Requirement(text) for text in metadata.requires(name) or ()]
            left += [each for each in wanted if _applies(each, extras=requirement.extras)]
    return {name for name, _ in found}


def _applies(requirement: Requirement, *, extras: set[str]) -> bool:
    """Whether the image needs it, of a package that was asked for with these extras."""
    if requirement.marker is None:
        return True
    image = {
        "python_version": SERVICE_PYTHON.value,
        "python_full_version": f"{SERVICE_PYTHON.value}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "platform_release": "",
        "platform_version": "",
        "implementation_version": f"{SERVICE_PYTHON.value}.0",
    }
    return any(requirement.marker.evaluate({**image, "extra": extra}) for extra in ("", *extras))
