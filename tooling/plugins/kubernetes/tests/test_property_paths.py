"""How places in a manifest are written, compared and ignored."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.plugins.kubernetes.diff import differences, ignored
from tooling.plugins.kubernetes.refresh import refreshed_inputs
from tooling.plugins.provider.paths import text

values = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 3), st.text("ab", max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab", min_size=1), inner, max_size=3)),
)
manifests = st.dictionaries(st.text("ab", min_size=1), values, max_size=4)


@given(manifests)
def test_manifest_does_not_differ_from_itself(manifest: dict[str, Any]) -> None:
    assert differences(manifest, manifest, ()) == []


@given(manifests, manifests)
def test_manifests_that_differ_have_a_difference(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert bool(differences(old, new, ())) == (repr_of(old) != repr_of(new))


def repr_of(value: Any) -> Any:
    """Tells `True` from 1, which Python does not, and forgets the order of keys."""
    if isinstance(value, dict):
        return {key: repr_of(item) for key, item in value.items()}
    return [repr_of(item) for item in value] if isinstance(value, list) else repr(value)


@given(manifests, manifests)
def test_inputs_stay_as_they_are_while_the_object_does(inputs: dict[str, Any], live: dict[str, Any]) -> None:
    assert refreshed_inputs(inputs, live, live) == inputs


@pytest.mark.parametrize(
    ("old", "new", "replacing", "expected"),
    [
        ({"spec": {"a": 1}}, {"spec": {"a": 2}}, ("spec", "a"), {"spec.a": True}),
        ({"spec": {"a": 1}}, {"spec": {"b": 1}}, ("spec", "a"), {"spec.a": True, "spec.b": False}),
        ({}, {"spec": {"a": 1}}, ("spec", "a"), {"spec": True}),
        ({}, {"spec": {"b": 1}}, ("spec", "a"), {"spec": False}),
        ({"spec": {"a": {"b": 1}}}, {"spec": {"a": {"b": 2}}}, ("spec", "a"), {"spec.a.b": True}),
        ({"l": [{"a": 1}, {"a": 1}]}, {"l": [{"a": 1}, {"a": 2}]}, ("l", "*", "a"), {"l[1].a": True}),
        ({"l": [{"b": 1}]}, {"l": [{"b": 2}]}, ("l", "*", "a"), {"l[0].b": False}),
    ],
    ids=["at", "removed", "branch with it", "branch without it", "below", "any item", "beside it in an item"],
)
def test_change_replaces_if_it_touches_an_immutable_place(
    old: dict[str, Any], new: dict[str, Any], replacing: tuple[str, ...], expected: dict[str, bool]
) -> None:
    found = differences(old, new, (replacing,))

    assert {text(change.path): change.replaces for change in found} == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("spec", True), ("spec.ports[0]", True), ("spec.ports[*].port", True), ("spec.ports[1]", False), ("sp", False)],
)
def test_ignored_branch_holds_what_lies_below_it(path: str, expected: bool) -> None:
    assert ignored(("spec", "ports", 0, "port"), [path]) is expected


def test_container_that_the_server_added_is_no_drift_but_one_that_came_later_is() -> None:
    ours, added, later = {"name": "main", "image": "a"}, {"name": "sidecar"}, {"name": "miner"}
    inputs = {"containers": [{"name": "main", "image": "a"}]}

    def refreshed(live: list[dict[str, Any]]) -> Any:
        return refreshed_inputs(inputs, {"containers": [added, ours]}, {"containers": live})["containers"]

    assert refreshed([added, ours]) == [ours]
    assert refreshed([added, {**ours, "image": "b"}]) == [{**ours, "image": "b"}]
    assert refreshed([added, ours, later]) == [ours, later]
    assert refreshed([added]) == []
