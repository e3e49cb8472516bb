"""Images of services on the lane: recorded once per version, and what is said of a tree that has changed since."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared.errors import PlatformError
from tooling.kubelet.registry import Image, Registry, RegistryError
from tooling.kubelet.trees import images_in, tree_of
from tooling.paths import REPOSITORY
from tooling.runner.graph import StackId
from tooling.runner.service_images import record_image

_URL = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-a/demo-local"
_SERVICE = "applications/demo/service"
_STACK = StackId(
    tier="applications",
    project="demo",
    stack="local",
    directory="applications/demo",
    environment="local",
    tenant="tenant-a",
)


@pytest.fixture
def world(tmp_path: Path) -> tuple[Any, Any]:
    """A lane and an engine whose state has the tenant's repositories."""
    root = {"type": "pulumi:pulumi:Stack", "outputs": {"repositories": {"demo": _URL}}}
    engine = SimpleNamespace(record=lambda stack: {"resources": [root]} if stack.stack == "local.tenant-a" else {})
    lane = SimpleNamespace(directory=tmp_path, aws_endpoint="http://127.0.0.1:9", access_key_id="AKIAEXAMPLE")
    return lane, engine


def _found(monkeypatch: pytest.MonkeyPatch, image: Image | None) -> list[tuple[str, str]]:
    put: list[tuple[str, str]] = []
    monkeypatch.setattr(Registry, "find", lambda *_, **__: image)
    monkeypatch.setattr(
        Registry, "put", lambda _self, _region, repository, tag, _document: put.append((repository, tag))
    )
    return put


def test_version_that_is_not_in_ecr_is_recorded_with_its_tree(
    world: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    put = _found(monkeypatch, None)
    assert record_image(*world, _STACK) == ""
    assert [repository for repository, _ in put] == ["tenant-a/demo-local"]
    assert (images_in(world[0].directory) / tree_of(REPOSITORY / _SERVICE).name / "demo_service").is_dir()


def test_recorded_version_is_left_alone(world: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tree_of(REPOSITORY / _SERVICE).name
    put = _found(monkeypatch, Image(digest="sha256:1", service=_SERVICE, tree=tree))
    assert (record_image(*world, _STACK), put) == ("", [])


def test_changed_tree_under_a_recorded_version_is_reported(
    world: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    put = _found(monkeypatch, Image(digest="sha256:1", service=_SERVICE, tree="another"))
    said = record_image(*world, _STACK)
    assert said.startswith(f"{_SERVICE} has changed since v")
    assert said.endswith(f"raise `version` in {_SERVICE}/pyproject.toml and set image_tag to match")
    assert put == []


def test_missing_repository_is_left_to_the_pod_and_any_other_failure_is_reported(
    world: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(code: str) -> None:
        def find(*_: object, **__: object) -> None:
            raise RegistryError("no", code)

        monkeypatch.setattr(Registry, "find", find)

    fail("RepositoryNotFoundException")
    assert record_image(*world, _STACK) == ""
    fail("")
    with pytest.raises(PlatformError) as caught:
        record_image(*world, _STACK)
    assert caught.value.code == "image-not-recorded"
