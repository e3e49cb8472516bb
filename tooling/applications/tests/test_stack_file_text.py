"""A setting is changed in its place, and nothing else of the file is."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tooling.applications.stack_file_text import with_settings

FILE = """\
# The demo in dev.
config:
  # Two pods are enough.
  demo:replicas: "2"  # see the quota
  demo:image_tag: v1.0.0
  demo:hosts:
    - a.example.com
    # not yet: b.example.com
  demo:port: 8080

environment: []
"""


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"replicas": 3}, '"2"  # see', '"3"  # see'),
        ({"image_tag": "v1.1.0"}, "v1.0.0", "v1.1.0"),
        ({"image_tag": "1.10"}, "v1.0.0", "'1.10'"),
        ({"image_tag": None}, "  demo:image_tag: v1.0.0\n", ""),
        ({"port": 80}, "8080", "80"),
        ({"hosts": ["c.example.com"]}, "\n    - a.example.com", " [c.example.com]"),
        ({"hosts": None}, "  demo:hosts:\n    - a.example.com\n", ""),
        ({"root_response": "Good: morning"}, "8080\n", "8080\n  demo:root_response: 'Good: morning'\n"),
        ({"absent": None}, "", ""),
    ],
    ids=[
        "quoted",
        "plain",
        "text-that-looks-like-a-number",
        "removed",
        "number",
        "list",
        "list-removed",
        "new",
        "none",
    ],
)
def test_one_setting_changes_and_the_rest_stays(changes: dict[str, Any], old: str, new: str) -> None:
    changed = with_settings(FILE, "demo", changes)
    assert changed == FILE.replace(old, new, 1)
    for key, value in changes.items():
        loaded = yaml.safe_load(changed)["config"].get(f"demo:{key}")
        assert loaded == (str(value) if key == "replicas" else value)


@pytest.mark.parametrize(
    "text", ["", "config:\n", "config: {}\n", "# nothing yet\nconfig:\nenvironment: []\n", "environment: []"]
)
def test_a_file_without_settings_gets_its_first(text: str) -> None:
    changed = with_settings(text, "demo", {"image_tag": "v1.0.0"})
    assert yaml.safe_load(changed)["config"] == {"demo:image_tag": "v1.0.0"}
    for kept in ("# nothing yet\n", "environment: []"):
        assert (kept in changed) == (kept in text)


def test_a_file_without_a_last_line_break_gets_its_next_setting() -> None:
    changed = with_settings("config:\n  demo:a: 1", "demo", {"b": True, "c": {"d": [1]}})
    assert yaml.safe_load(changed) == {"config": {"demo:a": 1, "demo:b": True, "demo:c": {"d": [1]}}}


def test_a_key_without_the_projects_name_is_the_same_setting() -> None:
    assert with_settings("config:\n  replicas: 1\n", "demo", {"replicas": 2}) == "config:\n  replicas: 2\n"
