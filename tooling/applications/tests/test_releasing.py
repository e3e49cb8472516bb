"""Which release a rollback returns to, and which image a promotion takes."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import BadInput
from tooling.applications import releasing
from tooling.applications.history import Release
from tooling.applications.lookup import application_stack
from tooling.applications.registry import Image
from tooling.applications.releasing import image_that_runs, image_to_release, release_to_return_to

DIGEST = "sha256:" + "ab" * 32


class Engine:
    is_local = False

    def __init__(self, *, deployed: bool = True) -> None:
        self._deployed = deployed

    def exists(self, _: object) -> bool:
        return self._deployed

    def outputs(self, _: object) -> dict[str, Any]:
        return {"repositories": {"demo": "123456789012.dkr.ecr.us-east-1.amazonaws.com/tenant-a/demo-dev"}}


ENGINE: Any = Engine()
DEMO = application_stack("demo", "dev")


def release(number: int, tag: str, *, result: str = "succeeded", digest: str = "") -> Release:
    return Release(number=number, result=result, started="", settings={"image_tag": tag, "image_digest": digest})


def released(monkeypatch: pytest.MonkeyPatch, *found: Release) -> None:
    monkeypatch.setattr(releasing, "releases", lambda *_: list(found))


def test_a_rollback_returns_to_the_last_good_release_with_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    good, failed = release(1, "v1"), release(2, "v2", result="failed")
    released(monkeypatch, good, failed)
    assert release_to_return_to(ENGINE, DEMO, None) == good
    assert release_to_return_to(ENGINE, DEMO, 2) == failed
    released(monkeypatch, good, release(2, "v2"), release(3, "v1"))
    assert release_to_return_to(ENGINE, DEMO, None) == release(2, "v2")


def test_a_first_release_has_none_to_return_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for found in ([], [release(1, "v1")], [release(1, "v1"), release(2, "v1")]):
        released(monkeypatch, *found)
        with pytest.raises(BadInput) as refused:
            release_to_return_to(ENGINE, DEMO, None)
        assert refused.value.code == "release-none-before"


def test_a_promotion_takes_the_digest_that_runs_not_the_last_that_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    released(monkeypatch, release(1, "v1", digest=DIGEST), release(2, "v2", result="failed"))
    assert image_that_runs(ENGINE, DEMO) == Image(tag="v1", digest=DIGEST)


def test_what_was_never_deployed_is_not_promoted(monkeypatch: pytest.MonkeyPatch) -> None:
    released(monkeypatch, release(1, "v1", result="failed"))
    with pytest.raises(BadInput) as refused:
        image_that_runs(ENGINE, DEMO)
    assert refused.value.code == "application-not-deployed"


def test_an_image_of_another_registry_is_taken_unchecked_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "effective_settings", lambda _: {"image_repository": "ghcr.io/team-a/demo"})
    tagged = image_to_release(ENGINE, DEMO, "v1")
    assert tagged.settings == {"image_tag": "v1", "image_digest": ""}
    assert "ghcr.io/team-a/demo is not in ECR" in tagged.notes[0]
    assert image_to_release(ENGINE, DEMO, DIGEST).settings == {"image_tag": "", "image_digest": DIGEST}


def test_an_image_of_the_tenants_repository_is_deployed_by_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def find_image(_: object, repository: object, version: str, *, at: str) -> Image:
        asked.append((str(repository), version, at))
        return Image(tag="v1", digest=DIGEST)

    monkeypatch.setattr(releasing, "effective_settings", lambda _: {"image_repository": ""})
    monkeypatch.setattr(releasing, "find_image", find_image)
    monkeypatch.setattr(releasing, "ecr_client", lambda *_: None)
    assert image_to_release(ENGINE, DEMO, "v1").settings == {"image_tag": "v1", "image_digest": DIGEST}
    assert asked == [("tenant-a/demo-dev of account 123456789012 in us-east-1", "v1", "demo/dev, VERSION")]


def test_nothing_is_looked_up_before_the_tenant_is_deployed() -> None:
    with pytest.raises(BadInput) as refused:
        image_to_release(Engine(deployed=False), DEMO, "v1")  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.hint) == ("stack-missing", "make tenants-up STACK=dev TENANT=tenant-a")
