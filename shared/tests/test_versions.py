"""Every pinned version says where it was read and when, and those that belong together agree."""

from __future__ import annotations

from datetime import date

import pytest

from shared import versions
from shared.versions import ADDONS, KUBERNETES, KUBERNETES_MINORS, KUBERNETES_PATCH, Pin

PINS = {
    **{name: value for name, value in vars(versions).items() if isinstance(value, Pin)},
    **{f"ADDONS[{name}]": pin for name, pin in ADDONS.items()},
    **{f"KUBERNETES_MINORS[{name}]": pin for name, pin in KUBERNETES_MINORS.items()},
}


def test_there_are_pins() -> None:
    assert len(PINS) > 8


@pytest.mark.parametrize("pin", PINS.values(), ids=PINS.keys())
def test_a_pin_has_a_value_a_source_and_a_day(pin: Pin) -> None:
    assert pin.value
    assert "latest" not in pin.value
    assert len(pin.source) > 10
    assert date(2024, 1, 1) < pin.read_on


def test_what_follows_the_clusters_minor_follows_it() -> None:
    assert KUBERNETES_PATCH.value.startswith(f"{KUBERNETES.value}.")
    assert ADDONS["kube-proxy"].value.startswith(f"v{KUBERNETES.value}.")


def test_an_upgrade_has_somewhere_to_come_from_and_to_go_to() -> None:
    numbers = [int(minor.removeprefix("1.")) for minor in KUBERNETES_MINORS]
    assert numbers == list(range(min(numbers), max(numbers) + 1))
    assert min(numbers) < int(KUBERNETES.value.removeprefix("1.")) < max(numbers)


def test_add_ons_are_pinned_to_builds_of_eks() -> None:
    assert all("-eksbuild." in pin.value for pin in ADDONS.values())
