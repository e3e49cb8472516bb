"""The price table of one region: `prices/<region>.yaml`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import BadInput
from shared.models import parse

DIRECTORY = Path(__file__).with_name("prices")
_HOURS_A_MONTH = Decimal(730)
"""As AWS's own calculator counts: 8,760 hours a year, divided by twelve."""


class Price(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    price: Decimal = Field(gt=0, description="US dollars.")
    of: str = Field(min_length=1, description="What it is the price of, and of when, as the source says.")
    source: str = Field(pattern=r"^https://", description="Public page where it was read.")
    read_on: date


class Prices(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str
    currency: str
    prices: dict[str, Price] = Field(min_length=1)

    def monthly(self, unit: str) -> Decimal | None:
        """The price of one unit for a month, `None` where the table has none. A unit that ends in `-hour`, or names an
        `…-hour/` of something, is billed for 730 hours."""
        known = self.prices.get(unit)
        if known is None:
            return None
        return known.price * _HOURS_A_MONTH if unit.split("/")[0].endswith("-hour") else known.price


def load_prices(region: str) -> Prices:
    """Raises: BadInput `prices-missing`, `prices-invalid`."""
    path = DIRECTORY / f"{region}.yaml"
    if not path.exists():
        known = sorted(file.stem for file in DIRECTORY.glob("*.yaml"))
        raise BadInput(
            "prices-missing",
            f"there is no price table of region {region}, only of {', '.join(known)}",
            at="tooling/cost/prices",
            hint=f"write tooling/cost/prices/{region}.yaml, each price with the page it was read on",
        )
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parse(Prices, content, at=f"tooling/cost/prices/{region}.yaml", code="prices-invalid")
