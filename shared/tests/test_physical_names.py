"""Names of ours fit what bears them, and two different ones never become one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadInput
from shared.naming import (
    bucket_name,
    dns_label,
    iam_policy_name,
    iam_role_name,
    is_dns_label,
    node_group_name,
    require_dns_label,
)

LIMITS: list[tuple[Callable[[str], str], int]] = [
    (dns_label, 63),
    (bucket_name, 63),
    (iam_role_name, 64),
    (iam_policy_name, 128),
    (node_group_name, 36),
]
IDS = [function.__name__ for function, _ in LIMITS]
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,150}[a-z0-9])?", fullmatch=True)
LONG = st.integers(min_value=128, max_value=140).map(lambda length: "x" * length)
"""Fills every limit, so that what differs lies in the part that goes."""


@pytest.mark.parametrize(("name", "limit"), LIMITS, ids=IDS)
@given(value=NAMES)
def test_no_name_is_longer_than_what_bears_it_takes(name: Callable[[str], str], limit: int, value: str) -> None:
    assert len(name(value)) <= limit
    assert name(value) == value or len(value) > limit


@pytest.mark.parametrize(("name", "limit"), LIMITS, ids=IDS)
@given(start=NAMES | LONG, end=NAMES | LONG, middles=st.lists(NAMES, min_size=2, max_size=6, unique=True))
def test_different_names_stay_different(
    name: Callable[[str], str], limit: int, start: str, end: str, middles: list[str]
) -> None:
    wholes = {f"{start}-{middle}-{end}" for middle in middles}
    assert len({name(whole) for whole in wholes}) == len(wholes)


@pytest.mark.parametrize(("name", "limit"), LIMITS, ids=IDS)
def test_a_long_name_keeps_its_telling_end(name: Callable[[str], str], limit: int) -> None:
    assert name("x" * 200 + "-workload-dev").endswith("-workload-dev")


@given(value=NAMES)
def test_a_shortened_label_is_still_a_label(value: str) -> None:
    assert is_dns_label(dns_label(value))


@pytest.mark.parametrize(
    "value",
    ["", "Tenant", "../x", "a/b", "-a", "a-", "a.b", "a_b", "ä", "a\n", "a" * 64],
    ids=[
        "empty",
        "capital",
        "climbing",
        "slash",
        "hyphen-first",
        "hyphen-last",
        "dot",
        "underscore",
        "umlaut",
        "newline",
        "long",
    ],
)
def test_what_is_no_label_is_refused_with_a_suggestion_that_is_one(value: str) -> None:
    with pytest.raises(BadInput) as refused:
        require_dns_label(value, what="tenant", at="somewhere")
    assert refused.value.code == "name-invalid"
    assert refused.value.at == "somewhere"
    suggestion = refused.value.hint.split("'")[1]
    assert is_dns_label(suggestion)
