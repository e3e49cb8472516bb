"""Every row of the page of seeds leads to a module and to a test that are there."""

from __future__ import annotations

import re

import pytest

from tooling.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "requirements.md"
SEEDS = ("1 EKS template", "2 Multi-tenant cluster", "3 Environments and two stacks", "4 Python EKS demo")


def rows() -> list[tuple[str, str, str, str]]:
    table = PAGE.read_text(encoding="utf-8").split("## Deliberate differences")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| seed", "| ---"))]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert all(len(row) == 4 for row in cells), [row for row in cells if len(row) != 4]
    return [(seed, what, module.strip("`"), test.strip("`")) for seed, what, module, test in cells]


def test_all_five_seeds_have_rows() -> None:
    assert list(dict.fromkeys(row[0] for row in rows())) == [*SEEDS, "5 Resource strategy"]
    assert len({(row[0], row[1]) for row in rows()}) == len(rows()) > 40


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0][:1]} {row[1]}")
def test_module_and_test_of_a_row_exist(row: tuple[str, str, str, str]) -> None:
    _, _, module, test = row
    assert (REPOSITORY / module).is_file(), module
    path, _, name = test.partition("::")
    assert (REPOSITORY / path).is_file(), path
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(" if name else r"^def test_", text, re.MULTILINE), test


def test_every_difference_says_why() -> None:
    differences = PAGE.read_text(encoding="utf-8").split("## Deliberate differences")[1]
    lines = [line for line in differences.splitlines() if line.startswith("| ")][2:]
    assert len(lines) > 10
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 4, line
        assert all(cells), line
