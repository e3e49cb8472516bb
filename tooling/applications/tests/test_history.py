"""Releases are the updates of a stack, numbered from the first, with the settings that they deployed."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import BadInput
from tooling.applications.history import Release, changed_settings, last_good, numbered, parse_history
from tooling.runner.graph import StackId

STACK = StackId(tier="applications", project="demo", stack="dev", directory="applications/demo", environment="dev")


def update(tag: str, *, kind: str = "update", result: str = "succeeded") -> dict[str, Any]:
    config = {"demo:image_tag": {"value": tag, "secret": False}, "pulumi:tags": {"value": "x", "secret": False}}
    return {
        "kind": kind,
        "startTime": "2026-01-01T10:00:00.000Z",
        "message": "Change the answer\n\nBecause.",
        "result": result,
        "config": config,
    }


def test_updates_are_numbered_from_the_oldest_and_previews_and_refreshes_are_none() -> None:
    updates = [update("v3", result="failed"), update("v2"), update("v2", kind="refresh"), update("v1")]
    assert parse_history(updates, project="demo") == [
        Release(
            number=number,
            result=result,
            started="2026-01-01T10:00:00.000Z",
            settings={"image_tag": tag},
            message="Change the answer",
        )
        for number, tag, result in [(1, "v1", "succeeded"), (2, "v2", "succeeded"), (3, "v3", "failed")]
    ]


def test_secret_values_are_no_part_of_a_release() -> None:
    updated = update("v1")
    updated["config"]["demo:token"] = {"value": "x", "secret": True}
    (one,) = parse_history([updated], project="demo")
    assert one.settings == {"image_tag": "v1"}


def test_an_update_that_has_not_ended_is_in_progress() -> None:
    (one,) = parse_history([update("v1") | {"result": ""}], project="demo")
    assert one.result == "in-progress"


def test_the_release_to_go_back_to_succeeded_with_other_settings() -> None:
    found = parse_history([update("v3", result="failed"), update("v2"), update("v1")], project="demo")
    assert last_good(found) == found[1]
    assert last_good(found, but=found[1].settings) == found[0]
    assert last_good(found[2:]) is None


def test_a_release_that_is_not_in_the_history_is_refused() -> None:
    found = parse_history([update("v1")], project="demo")
    assert numbered(found, 1, STACK) == found[0]
    with pytest.raises(BadInput) as refused:
        numbered(found, 7, STACK)
    assert refused.value.document() == {
        "code": "release-unknown",
        "what": "demo/dev has no release 7: it has 1 to 1",
        "at": "--to",
        "hint": "tiers app history demo --stack dev",
    }


def test_an_image_is_shown_by_tag_and_short_digest() -> None:
    digest = "sha256:" + "ab" * 32
    one = Release(number=1, result="succeeded", started="", settings={"image_tag": "v1", "image_digest": digest})
    assert one.image == "v1 sha256:abababababab"


def test_what_changed_names_each_setting_once() -> None:
    assert changed_settings({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "4", "d": ""}) == [
        "b: 2 → 4",
        "c: 3 → (default)",
        "d: (default) → ",
    ]
