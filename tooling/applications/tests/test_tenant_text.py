"""An image repository is added to a tenant's file, and nothing else of the file changes."""

from __future__ import annotations

import pytest
import yaml

from tooling.applications.tenant_text import with_repository


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("owner: a\n", "owner: a\nrepositories: [shop]\n"),
        ("# A team.\nowner: a", "# A team.\nowner: a\nrepositories: [shop]\n"),
        ("repositories: []\nowner: a\n", "repositories: [shop]\nowner: a\n"),
        ("repositories: [demo]  # one\nowner: a\n", "repositories: [demo, shop]  # one\nowner: a\n"),
        ("repositories:\n  - demo  # one\nowner: a\n", "repositories:\n  - demo  # one\n  - shop\nowner: a\n"),
        ("repositories:\n- demo", "repositories:\n- demo\n- shop\n"),
        ("repositories: [shop]\n", "repositories: [shop]\n"),
    ],
    ids=["none", "no-last-line-break", "empty", "flow", "block", "block-at-the-end", "there-already"],
)
def test_the_list_gets_one_more_name(before: str, after: str) -> None:
    assert with_repository(before, "shop") == after
    assert "shop" in yaml.safe_load(after)["repositories"]
