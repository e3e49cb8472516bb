"""Every row of the page of requirements names a module and tests that exist, or says what is missing and why."""

from __future__ import annotations

import re

import pytest

from tooling.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "requirements.md"
DOCUMENTS = ("1", "2", "3", "4", "5")


def table(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without its header."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows
    assert all(len(row) == 4 and all(row) for row in rows), [row for row in rows if len(row) != 4 or not all(row)]
    return rows


IMPLEMENTED = table("Implemented")


def test_every_document_has_rows_and_no_requirement_is_listed_twice() -> None:
    assert tuple(dict.fromkeys(row[0] for row in IMPLEMENTED)) == DOCUMENTS
    listed = [(document, what) for document, what, *_ in [*IMPLEMENTED, *table("Not complete")]]
    assert len(set(listed)) == len(listed) > 60


@pytest.mark.parametrize("row", IMPLEMENTED, ids=lambda row: f"{row[0]} {row[1]}")
def test_module_and_tests_of_a_row_exist(row: list[str]) -> None:
    _, _, module, tests = row
    assert (REPOSITORY / module.strip("`")).is_file(), module
    for test in re.findall(r"`([^`]+)`", tests):
        path, _, name = test.partition("::")
        assert (REPOSITORY / path).is_file(), path
        text = (REPOSITORY / path).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(" if name else r"^def test_", text, re.MULTILINE), test


def test_what_is_not_complete_has_a_state() -> None:
    assert {state for _, _, state, _ in table("Not complete")} == {"partly", "missing"}


def test_every_difference_names_its_document() -> None:
    assert {row[0] for row in table("Deliberate differences")} == set(DOCUMENTS)
