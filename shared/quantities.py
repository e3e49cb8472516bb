"""Kubernetes quantities (`500m`, `4Gi`) as numbers, so that two of them can be compared before a cluster sees them.

Source: Kubernetes API reference, `Quantity` of `k8s.io/apimachinery/pkg/api/resource`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_FORM = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,2})|([KMGTPE]i|[numkMGTPE]))?")
_LONGEST = 64
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity_value(text: str) -> Decimal:
    """The number that a quantity stands for, in its unit: cores, bytes, objects.

    Raises:
        ValueError: not a quantity, or a negative one.
    """
    found = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(f'{text!r} is not a Kubernetes quantity such as "500m", "2" or "4Gi"')
    number, exponent, suffix = Decimal(found[1]), found[2], found[3]
    if exponent is not None:
        return number.scaleb(int(exponent))
    if suffix in _BINARY:
        return number * 2 ** _BINARY[suffix]
    return number.scaleb(_DECIMAL.get(suffix, 0))


def _as_text(value: Any) -> str:
    """YAML parses `cpu: 2` as a number; Kubernetes treats it like `"2"`."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError('give a Kubernetes quantity such as "500m", "2" or "4Gi"')
    text = str(value)
    quantity_value(text)
    return text


Quantity = Annotated[
    str,
    BeforeValidator(_as_text),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{_FORM.pattern}$"}, {"type": "number", "minimum": 0}]}),
]
"""A pydantic field for a quantity, kept as written."""
