"""`tiers.yaml`: the single description of the graph of tiers. `graph.py` decides which stacks exist."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.errors import BadInput, nearest
from shared.models import parse
from shared.yaml_files import read_mapping
from tooling.paths import REPOSITORY


class Tier(BaseModel):
    """One entry of `tiers.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="The tier's name, on the command line and in make targets.")
    directory: str = Field(
        description="Directory of its project, or of its projects where there is one per application."
    )
    title: str
    owner: str
    creates: str
    reads: tuple[str, ...] = Field(description="Tiers whose outputs its programs consume.")
    compares_with: tuple[str, ...] = Field(
        default=(),
        description="Tiers whose outputs it compares its settings with if they are deployed; they need not be, and "
        "this gives no order.",
    )
    stacks: Literal["environment", "tenant", "application"] = Field(
        description="One stack per environment, per tenant and environment, or per application and environment."
    )
    catalog: str = Field(default="", description="Directory of the tenants' files, for `stacks: tenant`.")


class TiersFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    github_organization: str = Field(
        pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9])*$",
        description="GitHub organization whose teams own the code, as named in .github/CODEOWNERS.",
    )
    tiers: tuple[Tier, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _reads_only_above(self) -> TiersFile:
        seen: set[str] = set()
        for tier in self.tiers:
            if tier.name in seen:
                raise ValueError(f"tier {tier.name} is listed twice")
            for read in tier.reads:
                if read not in seen:
                    raise ValueError(f"{tier.name} reads {read}, which is not a tier above it")
            seen.add(tier.name)
        for tier in self.tiers:
            for other in tier.compares_with:
                if other not in seen or other in (tier.name, *tier.reads):
                    raise ValueError(f"{tier.name} compares with {other}, which is not another tier")
        return self

    def tier(self, name: str) -> Tier:
        for tier in self.tiers:
            if tier.name == name:
                return tier
        names = [tier.name for tier in self.tiers]
        raise BadInput(
            "tier-unknown",
            f"there is no tier {name!r}{nearest(name, names)}",
            at="tiers.yaml",
            hint=f"use one of: {', '.join(names)}",
        )


@cache
def load_tiers(path: Path = REPOSITORY / "tiers.yaml") -> TiersFile:
    """Reads `tiers.yaml`.

    Raises:
        BadInput: `tiers-invalid`.
    """
    content = read_mapping(path, at=path.name, code="tiers-invalid")
    return parse(TiersFile, content, at=path.name, code="tiers-invalid")
