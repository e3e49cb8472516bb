"""Options that several commands share, so that each is spelt and explained once."""

from __future__ import annotations

from typing import Annotated

import typer

Tiers = Annotated[list[str] | None, typer.Argument(metavar="TIER", help="Tiers to run; all of them if none is named.")]
Stack = Annotated[str, typer.Option("--stack", "-s", help="Environment: local, dev, staging or prod.")]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Only this tenant's stack of the tenants tier.")]
App = Annotated[str | None, typer.Option("--app", help="Only this application's stack.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Compare with what really exists first.")]
