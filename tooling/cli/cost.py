"""`tiers cost`: the monthly cost of an environment, as far as it can be estimated before it runs."""

from __future__ import annotations

from decimal import Decimal

from tooling.cli.console import print_document, results
from tooling.cli.options import Apps, Json, Stack, Tenants, Tiers


def cost(stack: Stack, tiers: Tiers = None, tenant: Tenants = None, app: Apps = None, as_json: Json = False) -> None:
    """Estimate the monthly cost of the stacks, offline; list what cannot be estimated as unknown."""
    from rich.table import Table

    from shared.environment import load_environment
    from tooling.cost.estimate import estimate, total
    from tooling.cost.prices import load_prices
    from tooling.runner.graph import environment_graph, select

    prices = load_prices(load_environment(stack).region)
    stacks = select(environment_graph(stack), tiers=tiers or (), tenants=tenant or (), applications=app or ())
    lines = estimate(stacks, prices)
    monthly, at_most = total(lines)
    known = [line for line in lines if line.monthly is not None]
    unknown = [line for line in lines if line.monthly is None]
    if as_json:
        print_document(
            {
                "environment": stack,
                "region": prices.region,
                "currency": prices.currency,
                "monthly": _money(monthly),
                "monthly_at_most": _money(at_most),
                "lines": [
                    {
                        "stack": line.stack,
                        "resource": line.resource,
                        "unit": line.what,
                        "quantity": line.quantity,
                        "monthly": _money(line.monthly or Decimal(0)),
                    }
                    for line in known
                ],
                "unknown": [{"stack": line.stack, "resource": line.resource, "why": line.what} for line in unknown],
                "prices": {
                    name: {
                        "price": str(price.price),
                        "of": price.of,
                        "source": price.source,
                        "read_on": str(price.read_on),
                    }
                    for name, price in prices.prices.items()
                },
            }
        )
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, right in (("stack", False), ("resource", False), ("", True), ("unit", False), ("month", True)):
        table.add_column(column, justify="right" if right else "left")
    for line in known:
        table.add_row(line.stack, line.resource, str(line.quantity), line.what, _money(line.monthly or Decimal(0)))
    table.add_row("known", "", "", "", _money(monthly), style="bold")
    if at_most != monthly:
        table.add_row("at the largest size", "", "", "", _money(at_most))
    console = results()
    console.print(table)
    console.print(
        f"\nOn-demand prices of {prices.region} in {prices.currency}: tooling/cost/prices/{prices.region}.yaml"
    )
    if unknown:
        console.print("\nUnknown:", style="bold")
        for line in unknown:
            console.print(f"  {line.stack}  {line.resource}: {line.what}", markup=False, soft_wrap=True)


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
