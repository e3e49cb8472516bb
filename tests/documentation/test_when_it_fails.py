"""The page of failures names codes that exist, and says of every family of AWS' errors what the program says."""

from __future__ import annotations

import re

from tooling.foreign_errors import aws_mend
from tooling.paths import REPOSITORY

PAGE = (REPOSITORY / "docs/guide/when-it-fails.md").read_text(encoding="utf-8")


def codes() -> set[str]:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    return {code for cell in rows for code in re.findall(r"`([^`]+)`", cell)}


def test_every_code_on_the_page_is_one_that_is_raised() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for root in ("shared", "tooling")
        for pattern in ("*.py", "*.sh")
        for path in (REPOSITORY / root).rglob(pattern)
        if "tests" not in path.parts
    ]
    ours = {code for code in codes() if re.fullmatch(r"[a-z-]+", code)}
    assert len(ours) > 30
    text = "\n".join(sources)
    assert {code for code in ours if not re.search(rf'"{code}"|error\[{code}\]|fail {code} ', text)} == set()


def test_every_error_of_aws_on_the_page_comes_with_the_hint_that_the_page_gives() -> None:
    hints = {
        "RequestTimeTooSkewed": "clock",
        "ExpiredToken": "sign in again",
        "ExpiredTokenException": "sign in again",
        "ThrottlingException": "wait a minute",
        "RequestLimitExceeded": "wait a minute",
        "SlowDown": "wait a minute",
        "InternalError": "health.aws.amazon.com",
        "ServiceUnavailable": "health.aws.amazon.com",
    }
    theirs = {code for code in codes() if re.fullmatch(r"[A-Z][A-Za-z]+", code)}
    assert theirs == set(hints)
    for code, hint in hints.items():
        assert hint in aws_mend(code, "")
