"""Property paths are written and parsed as the engine does it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tooling.plugins.provider.paths import Path, covers, overlaid, parse, text

# The engine cannot tell a backslash before a quote from an escaped quote, and a quoted `*` is a wildcard to it as well.
names = st.text(min_size=1, max_size=12).filter(lambda step: step != "*" and "\\" not in step)
steps = st.lists(st.one_of(names, st.integers(0, 99)), min_size=1).filter(lambda path: isinstance(path[0], str))


@given(steps.map(tuple))
def test_written_path_is_parsed_as_the_same_path(path: Path) -> None:
    assert parse(text(path)) == path


def test_only_names_that_are_no_identifiers_are_quoted() -> None:
    labels = ("metadata", "labels", "app.kubernetes.io/name")
    assert text(("spec", "ports", 0, "port")) == "spec.ports[0].port"
    assert text(labels) == 'metadata.labels["app.kubernetes.io/name"]'
    assert text(("tags", 'say "yes"')) == 'tags["say \\"yes\\""]'
    assert text(("tags", "a\\b")) == 'tags["a\\b"]'


def test_wildcard_covers_every_element() -> None:
    assert covers(parse("rules[*].id"), ("rules", 3, "id"))
    assert covers(parse("tags"), ("tags", "a/b"))
    assert not covers(parse("rules[1]"), ("rules", 2, "id"))
    assert overlaid({"a": [1, 2], "b": {"c": 1}}, {"a": [3, 4], "b": {}}, ("a", "*")) == {"a": [3, 4], "b": {"c": 1}}
    assert overlaid({"b": {"c": 1}}, {"b": {}}, ("b", "c")) == {"b": {}}
