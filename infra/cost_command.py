"""`spy cost`: what a stack costs a month, beside the owner's own tables. Asks no price service and no cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stacks.costs import Cost, cost_of
from stacks.load import SettingsRefused, for_plan, load
from stacks.prices import PriceMissing, Prices, prices
from stacks.settings import Layer, StackSettings

ROOT = Path(__file__).parents[1]
WITHIN, ABOVE, REFUSED = 0, 1, 2


def register(app: typer.Typer) -> None:
    """Add `spy cost`."""

    @app.command()
    def cost(
        stack: Annotated[str, typer.Argument(help="A stack, by name.")],
        as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    ) -> None:
        """What a stack costs a month, each line beside the owner's tables of 53 and 62.50 USD.

        List prices of stacks/prices.yaml, dated there; usage at its ceiling. Exit code 0: within the stack's budget;
        1: above it; 2: the settings are refused.

        Example: `spy cost prod`, `spy cost dev --json`
        """
        try:
            settings = for_plan(load(stack, ROOT))
            found = cost_of(settings)
        except (SettingsRefused, PriceMissing) as refused:
            for line in str(refused).splitlines():
                typer.echo(line, err=True)
            raise typer.Exit(REFUSED) from None
        bill = as_object(settings, found, prices())
        typer.echo(json.dumps(bill, indent=2)) if as_json else _print(bill)
        raise typer.Exit(WITHIN if found.monthly <= bill["budget"] or not settings.includes(Layer.CLOUD) else ABOVE)


def as_object(settings: StackSettings, found: Cost, by: Prices) -> dict[str, Any]:
    """The whole answer: lines with the owner's figure beside, what was added, what is paid beside Azure, sums."""
    azure, beside = by.owner.azure, sum(by.owner.beside.values())
    return {
        "stack": settings.stack,
        "prices": {"date": by.date.isoformat(), "region": by.region},
        "lines": [
            {"item": item, "usd": round(found.items.get(item, 0.0), 2), "owner": azure.get(item)}
            for item in dict.fromkeys([*found.items, *azure])
        ],
        "monthly": found.monthly,
        "owner": sum(azure.values()),
        "added": {item: round(usd, 2) for item, usd in found.items.items() if usd and item not in azure},
        "beside": dict(by.owner.beside),
        "total": round(found.monthly + beside, 2),
        "ownerTotal": sum(azure.values()) + beside,
        "budget": settings.budget.amount,
    }


def _print(bill: dict[str, Any]) -> None:
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    console.print(_table(bill))
    if bill["added"]:
        added = ", ".join(f"{item} {usd:.2f}" for item, usd in bill["added"].items())
        console.print(f"Not in the owner's table, added: {added}.")
    verdict = "within" if bill["monthly"] <= bill["budget"] else "ABOVE"
    if bill["monthly"]:
        console.print(f"{bill['monthly']:.2f} USD a month to Azure, {verdict} the budget of {bill['budget']}.")
    console.print(
        f"List prices of {bill['prices']['date']}, {bill['prices']['region']}; logs at their daily cap; sources in "
        "stacks/prices.yaml."
    )


def _table(bill: dict[str, Any]) -> Table:
    table = Table(title=f"{bill['stack']}: USD a month", title_justify="left")
    table.add_column("")
    for heading in ("this stack", "owner", "difference"):
        table.add_column(heading, justify="right")
    for line in bill["lines"]:
        table.add_row(line["item"], *_figures(line["usd"], line["owner"] or 0.0))
    table.add_section()
    table.add_row("Azure", *_figures(bill["monthly"], bill["owner"]))
    for item, usd in bill["beside"].items():
        table.add_row(item, *_figures(usd, usd))
    table.add_row("With what is paid beside Azure", *_figures(bill["total"], bill["ownerTotal"]))
    return table


def _figures(ours: float, owners: float) -> tuple[str, str, str]:
    return f"{ours:.2f}", f"{owners:.2f}", f"{ours - owners:+.2f}" if round(ours - owners, 2) else ""
