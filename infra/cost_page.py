"""Cost page: docs/cost.md, what each stack costs beside the owner's tables, and where every price comes from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stacks.costs import Cost
from stacks.prices import Price, Prices, prices

HEADER = """\
# Cost

What the stacks cost, USD a month, beside what the owner paid by his own tables (53 to Azure, 62.50 with what is paid
beside it). Written by `make docs` from the recorded plans and `stacks/prices.yaml`; a test compares. `spy cost prod`
prints one stack, `spy plan` what a change would add.
"""

EXPLAINED = """
## How it is counted

- List prices of {date} for {region}, 730 hours a month. An **estimate** is known to the trade and was not looked
  up at the vendor on that day: check it in the vendor's price calculator before relying on it.
- Usage is counted at its ceiling: logs at their daily cap every day, the availability test at its frequency. The free
  gigabytes of logs are one billing account's: two stacks on it share them.
- A resource type that is neither priced nor listed as free stops `spy cost` and the tests, so none is forgotten.
- A budget below this sum is refused before anything is deployed. Azure tells the contacts when 80, 90 and 100 % of the
  budget are spent and when 100 % are foreseen; it stops nothing, and its figures lag by up to a day.

## What was added to the owner's table, and what would be cheaper

- **Public IP**: Azure bills the gateway's address, which the table left out.
- **Private endpoint and DNS zone**: the tunnel's purpose. Without `storage.privateEndpoint` they are saved, and the
  home line reaches the tables over their public door by Entra tokens.
- **Alerts and availability test**: the table had none. At 5 minutes the test costs three times as much as at 15.
- **No gateway at all** (`vpn.sku: none`, as in dev) saves the gateway and its address; the cluster reaches Azure over
  HTTPS with tokens of its own.

## Prices
"""


def page(costs: Mapping[str, Cost]) -> str:
    """The page as Markdown; costs by stack."""
    by = prices()
    return "\n".join(
        [
            HEADER,
            *_table(costs, by),
            EXPLAINED.format(date=by.date, region=by.region),
            *_prices(by),
            "\n## Free\n",
            *_free(by),
            "",
        ]
    )


def _table(costs: Mapping[str, Cost], by: Prices) -> Iterator[str]:
    azure, beside = by.owner.azure, by.owner.beside
    yield f"| | {' | '.join(costs)} | owner |"
    yield f"|---|{'---:|' * (len(costs) + 1)}"
    items = dict.fromkeys([price.item for several in by.priced.values() for price in several])
    for item in items:
        if item in azure or any(cost.items.get(item) for cost in costs.values()):
            yield _row(item, [cost.items.get(item, 0.0) for cost in costs.values()], azure.get(item, 0.0))
    yield _row("**Azure**", [cost.monthly for cost in costs.values()], sum(azure.values()))
    for item, usd in beside.items():
        yield _row(item, [usd for _ in costs], usd)
    more = sum(beside.values())
    yield _row(
        "**with what is paid beside**", [cost.monthly + more for cost in costs.values()], sum(azure.values()) + more
    )


def _row(item: str, figures: list[float], owners: float) -> str:
    return f"| {item} | {' | '.join(f'{usd:.2f}' for usd in [*figures, owners])} |"


def _prices(by: Prices) -> Iterator[str]:
    yield "| what | type | USD | source |"
    yield "|---|---|---|---|"
    for type_, several in by.priced.items():
        for price in several:
            yield f"| {price.item} | {type_.removeprefix('azure-native:')} | {_usd(price)} | {price.source} |"


def _usd(price: Price) -> str:
    if isinstance(price.usd, float):
        return f"{price.usd:g} a {price.per.value.replace('-', ' ')}"
    return ", ".join(f"{variant} {usd:g}" for variant, usd in price.usd.items()) + f" a {price.per.value}"


def _free(by: Prices) -> Iterator[str]:
    yield "| type | why |"
    yield "|---|---|"
    for type_, why in by.free.items():
        yield f"| {type_.removeprefix('azure-native:')} | {why} |"
