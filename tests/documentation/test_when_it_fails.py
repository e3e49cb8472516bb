"""The page of failures names codes that exist, and says of every family of AWS' errors what the program says."""

from __future__ import annotations

import re

from tooling.aws_refusals.families import FAMILIES, family_of
from tooling.paths import REPOSITORY

PAGE = (REPOSITORY / "docs/guides/when-it-fails.md").read_text(encoding="utf-8")


def codes() -> set[str]:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    return {code for cell in rows for code in re.findall(r"`([^`]+)`", cell)}


def test_every_code_on_the_page_is_one_that_is_raised() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for root in ("shared", "tenants", "tooling", "infrastructure")
        for pattern in ("*.py", "*.sh")
        for path in (REPOSITORY / root).rglob(pattern)
        if "tests" not in path.parts
    ]
    ours = {code for code in codes() if re.fullmatch(r"[a-z-]+", code)}
    assert len(ours) > 30
    text = "\n".join(sources)
    assert {code for code in ours if not re.search(rf'"{code}"|error\[{code}\]|fail {code} ', text)} == set()


def families() -> dict[str, set[str]]:
    """The page's rows of AWS' errors: our code to theirs."""
    rows = [line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("| `aws-")]
    return {
        ours.strip(" `"): {code for code in re.findall(r"`([^`]+)`", theirs) if code[0].isupper()}
        for ours, theirs in rows
    }


def test_every_family_of_refusals_is_on_the_page_and_the_codes_there_belong_to_it() -> None:
    on_page = families()
    assert set(on_page) == {family.code for family in FAMILIES} | {"aws-refused"}
    for ours, theirs in on_page.items():
        for code in theirs:
            operation = "delete" if ours == "aws-in-use" else "create"
            said = f"{code}: Signature expired" if ours == "aws-clock" else f"{code}: x"
            family = family_of(said, operation)
            assert family is not None
            assert family.code == ours, code
