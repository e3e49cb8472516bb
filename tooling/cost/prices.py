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
"""As in the AWS Pricing Calculator: 8,760 hours per year, divided by twelve."""


class Price(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    price: Decimal = Field(gt=0, description="US dollars.")
    of: str = Field(min_length=1, description="What the price is for, and its date, as in the source.")
    source: str = Field(pattern=r"^https://", description="Public page that states the price.")
    read_on: date


class Prices(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str
    currency: str
    prices: dict[str, Price] = Field(min_length=1)

    def monthly(self, unit: str) -> Decimal | None:
        """The monthly price of one unit, `None` if the table has none. A unit that ends in `-hour` or contains `-hour/`
        is billed for 730 hours."""
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
            f"there is no price table for region {region}, only for {', '.join(known)}",
            at="tooling/cost/prices",
            hint=f"write tooling/cost/prices/{region}.yaml, with the source page of each price",
        )
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parse(Prices, content, at=f"tooling/cost/prices/{region}.yaml", code="prices-invalid")
