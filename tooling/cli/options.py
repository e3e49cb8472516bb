"""Options that several commands share, so that each is spelled and explained once."""

from __future__ import annotations

from typing import Annotated

import typer

Tiers = Annotated[list[str] | None, typer.Argument(metavar="TIER", help="Tiers to select; all of them by default.")]
Stack = Annotated[str, typer.Option("--stack", "-s", help="Environment: local, dev, staging or prod.")]
Tenants = Annotated[
    list[str] | None,
    typer.Option("--tenant", help="Select only this tenant's stack of the tenants tier. Repeat the option for more."),
]
Apps = Annotated[
    list[str] | None,
    typer.Option("--app", help="Select only this application's stack. Repeat the option for more."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="First update the state to match what exists.")]
