"""Costs: what resources cost a month by the price list. Knows no stack and no plan: a type and its inputs suffice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stacks.billed import billed
from stacks.prices import Prices, prices
from stacks.settings import StackSettings

Resource = tuple[str, Mapping[str, Any]]
"""A resource as the bill sees it: its type and its inputs, by their names on the wire."""


@dataclass(frozen=True)
class Cost:
    """Cost of a stack: USD a month by item, in the order of the price list, items that cost nothing included."""

    items: Mapping[str, float]

    @property
    def monthly(self) -> float:
        """USD a month, to the cent."""
        return round(sum(self.items.values()), 2)


def cost(resources: Iterable[Resource], by: Prices | None = None) -> Cost:
    """What these resources cost. Raises PriceMissing for one that is neither priced nor free."""
    by = by or prices()
    found: dict[str, float] = defaultdict(float)
    for type_, inputs in resources:
        for price in by.of(type_):
            found[price.item] += price.monthly(type_, inputs)
    order = [price.item for several in by.priced.values() for price in several]
    return Cost({item: found[item] for item in dict.fromkeys(order) if item in found})


def cost_of(settings: StackSettings) -> Cost:
    """What a stack of these settings costs, without recording its plan."""
    return cost(billed(settings))


def monthly(settings: StackSettings) -> float:
    """USD a month of a stack: what the budget is compared with."""
    return cost_of(settings).monthly
