"""Budget checks: a first month that Azure takes, an amount not below what the stack declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from stacks.prices import PriceMissing
from stacks.settings import Layer, StackSettings

Cost = Callable[[StackSettings], float]
"""Declared cost of a stack, USD a month; may raise PriceMissing."""


def alone(settings: StackSettings) -> Iterator[str]:
    """A budget begins on the first day of a month."""
    start = settings.budget.start_date
    if start.day != 1:
        yield f"budget.startDate is {start}: set it to the first day of a month, {start.replace(day=1)}"


def against(settings: StackSettings, cost: Cost) -> Iterator[str]:
    """A budget below the declared cost would cry from the first day; a SKU without a price hides what it costs."""
    if not settings.includes(Layer.CLOUD):
        return
    try:
        monthly_usd = cost(settings)
    except PriceMissing as unpriced:
        yield str(unpriced)
        return
    if monthly_usd > settings.budget.amount:
        yield (
            f"budget.amount is {settings.budget.amount} USD and the stack declares {monthly_usd:.2f} USD a month: "
            f"set it to {math.ceil(monthly_usd)} or choose cheaper SKUs (spy cost {settings.stack})"
        )
