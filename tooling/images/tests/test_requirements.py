"""An image installs the versions that the tests run, with their hashes, and nothing else."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from shared.errors import BadInput
from tooling.images.requirements import locked, requirements
from tooling.images.services import Service, services
from tooling.paths import REPOSITORY

LOCK = locked((REPOSITORY / "requirements.lock").read_text(encoding="utf-8"))
each_service = pytest.mark.parametrize("service", services(), ids=lambda service: service.name)


def service_of(*dependencies: str) -> Service:
    return Service(
        directory=REPOSITORY / "applications/shop/service", name="shop", version="1.0.0", dependencies=dependencies
    )


def names(text: str) -> list[str]:
    return re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)


def test_the_demo_has_a_service() -> None:
    assert Path("applications/demo/service") in [each.directory.relative_to(REPOSITORY) for each in services()]


@each_service
def test_an_image_installs_the_versions_that_the_tests_run(service: Service) -> None:
    installed = {canonicalize_name(each.name): each.version for each in metadata.distributions()}
    pinned = re.findall(r"^([a-z0-9-]+)==(\S+)", requirements(service, LOCK), re.MULTILINE)
    assert bool(pinned) == bool(service.dependencies)
    assert {name: installed[name] for name, _ in pinned} == dict(pinned)


@each_service
def test_every_package_has_a_hash_and_comes_from_no_named_index(service: Service) -> None:
    entries = locked(requirements(service, LOCK))
    assert bool(entries) == bool(service.dependencies)
    assert all("--hash=sha256:" in entry for entry in entries.values())
    assert "://" not in "".join(entries.values())


def test_what_a_dependency_needs_is_installed_too() -> None:
    assert names(requirements(service_of("starlette-exporter"), LOCK)) == [
        "anyio",
        "idna",
        "prometheus-client",
        "starlette",
        "starlette-exporter",
        "typing-extensions",
    ]


def test_extras_and_markers_are_those_of_the_image() -> None:
    extra = set(names(requirements(service_of("moto[server]"), LOCK)))
    assert "flask" in extra
    assert "flask" not in names(requirements(service_of("moto"), LOCK))
    assert names(requirements(service_of("idna; python_version < '3.12'", "idna; sys_platform == 'win32'"), LOCK)) == []
    assert names(requirements(service_of("idna; python_version >= '3.12'"), LOCK)) == ["idna"]


def test_a_dependency_that_is_not_locked_is_refused_with_the_commands_that_lock_it() -> None:
    with pytest.raises(BadInput) as refused:
        requirements(service_of("flask-of-tomorrow"), LOCK)
    assert refused.value.code == "dependency-not-locked"
    assert refused.value.what == "shop needs flask-of-tomorrow, which is not in requirements.lock"
    assert refused.value.at == "applications/shop/service/pyproject.toml"
    assert refused.value.hint == "make lock\nmake setup update-generated"
