"""Every page can be found, and every file that a page or the code names exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.documentation.pages import PAGES, README, anchors, identifier, links
from tooling.paths import REPOSITORY

_DIRECTORIES = r"(?:shared|tooling|tests|docs|infrastructure|platform-addons|tenants|applications|\.github|\.ci)"
_PATH = re.compile(rf"`({_DIRECTORIES}/[\w./-]*(?:/|\.(?:py|md|yaml|yml|sh|svg|json)))`")
"""A stack, such as `infrastructure/dev`, looks like a path too, so only files and directories with a slash count."""
_PAGE_IN_CODE = re.compile(r"\bdocs/(?:concepts|guides|reference|changes|decisions)/[\w.-]+\.md")


def test_there_are_pages_to_check() -> None:
    assert README in PAGES
    assert len(PAGES) > 40


@pytest.mark.parametrize("page", PAGES, ids=identifier)
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    for target, fragment in links(page):
        assert target.exists(), f"{identifier(page)} links to {target}"
        if fragment:
            assert fragment in anchors(target), f"{identifier(page)} links to #{fragment} of {target}"


def test_every_page_is_within_two_clicks_of_the_readme() -> None:
    first = {target for target, _ in links(README)}
    second = {target for page in first if page.suffix == ".md" for target, _ in links(page)}
    assert [identifier(page) for page in PAGES if page not in {README} | first | second] == []


@pytest.mark.parametrize("page", PAGES, ids=identifier)
def test_every_path_on_a_page_exists(page: Path) -> None:
    for path in _PATH.findall(page.read_text(encoding="utf-8")):
        assert (REPOSITORY / path).exists(), f"{identifier(page)} names {path}"


def test_every_page_that_code_names_exists() -> None:
    listed = subprocess.run(
        ["git", "grep", "--untracked", "-hoP", _PAGE_IN_CODE.pattern, "--", ":!*.md"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    named = set(listed.stdout.split())
    assert "docs/guides/pipelines.md" in named
    assert {page for page in named if not (REPOSITORY / page).is_file()} == set()
