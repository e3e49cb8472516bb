"""Kubernetes quantities are compared as what they mean, not as they are spelt."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.quantities import quantity_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", "2"),
        ("500m", "0.5"),
        ("0.1", "0.1"),
        (".5", "0.5"),
        ("1k", "1000"),
        ("1Ki", "1024"),
        ("4Gi", "4294967296"),
        ("1.5Gi", "1610612736"),
        ("1e3", "1000"),
        ("2E", "2000000000000000000"),
        ("100n", "0.0000001"),
    ],
)
def test_a_quantity_stands_for_its_number(text: str, value: str) -> None:
    assert quantity_value(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "4GB", "-1", "1.2.3", "Gi", "1 Gi", "one", "1e", "0x10", "1\n", "١", "1" * 65])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        quantity_value(text)


@given(number=st.integers(min_value=0, max_value=10**6))
def test_a_thousand_of_one_suffix_is_one_of_the_next(number: int) -> None:
    assert quantity_value(f"{number * 1000}m") == quantity_value(f"{number}")
    assert quantity_value(f"{number * 1024}Mi") == quantity_value(f"{number}Gi")
