"""Exemptions: with a reason and an end, for one resource and one rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.errors import BadInput
from shared.policies.evaluation import Policies
from shared.policies.exemptions import load_exemptions
from shared.policies.table import BY_ID
from shared.policies.tests.cases import view

TODAY = date(2026, 11, 24)
ENTRY = """exemptions:
  - rule: key-rotates
    stack: infrastructure/dev
    resource: aws:kms/key:Key::example
    reason: imported key material cannot rotate
    until: 2026-12-31
"""


def policies(tmp_path: Path, text: str, *, today: date = TODAY) -> Policies:
    file = tmp_path / "exemptions.yaml"
    file.write_text(text)
    return Policies(load_exemptions(BY_ID, today=today, file=file), today=today)


def violated(found: Policies, **place: str) -> list[str]:
    return [violation.rule.id for violation in found.of_resource(view("aws:kms/key:Key", **place))]  # type: ignore[arg-type]


def test_an_exemption_covers_its_resource_and_no_other(tmp_path: Path) -> None:
    found = policies(tmp_path, ENTRY)
    assert violated(found) == []
    assert violated(found, name="other") == ["key-rotates"]
    assert violated(found, stack="prod") == ["key-rotates"]
    assert violated(found, project="platform-addons") == ["tier-boundary", "key-rotates"]


def test_an_exemption_of_a_project_covers_all_its_stacks(tmp_path: Path) -> None:
    found = policies(tmp_path, ENTRY.replace("infrastructure/dev", "infrastructure/*"))
    assert violated(found, stack="prod") == []


def test_an_expired_exemption_is_reported_as_a_violation_again(tmp_path: Path) -> None:
    found = policies(tmp_path, ENTRY, today=date(2027, 1, 1))
    (violation,) = found.of_resource(view("aws:kms/key:Key"))
    assert "its exemption ended on 2026-12-31" in violation.what


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("key-rotates", "key-rotate"), 'names an unknown rule: key-rotate, did you mean "key-rotates"?'),
        (("    reason: imported key material cannot rotate\n", ""), "exemption 1 has no `reason`"),
        (("until: 2026-12-31", "until: soon"), "is not a date"),
        (("until: 2026-12-31", "until: 2028-12-31"), "more than a year"),
        (("reason:", "because:"), "has no `reason`"),
        (("exemptions:", "exemption:"), "no list `exemptions`"),
        (("    until: 2026-12-31", "    until: 2026-12-31\n    by: me"), "unknown key `by`"),
    ],
)
def test_a_careless_exemption_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in ENTRY
    with pytest.raises(BadInput) as caught:
        policies(tmp_path, ENTRY.replace(*change))
    assert caught.value.code == "exemption-invalid"
    assert said in caught.value.what


def test_no_exemption_in_the_repository_has_expired() -> None:
    today = datetime.now(UTC).date()
    ended = [exemption for exemption in load_exemptions(BY_ID, today=today) if exemption.until < today]
    assert ended == []
