"""Cost: what a plan and the committed one cost a month. The prices are known by infra/costs.py; this only asks it."""

from __future__ import annotations

from dataclasses import dataclass

from infra.costs import monthly
from infra.plan.golden import Golden
from infra.plan.model import Plan
from stacks.prices import PriceMissing


@dataclass(frozen=True)
class Cost:
    """USD a month, before and after; None where nothing is committed or a price is missing, which `missing` says."""

    before: float | None
    after: float | None
    missing: str = ""


def cost_of(golden: Golden) -> Cost:
    """Both costs. A missing price is told and hides no difference."""
    try:
        return Cost(_before(golden.before) if golden.committed else None, monthly(golden.plan))
    except PriceMissing as missing:
        return Cost(None, None, str(missing.args[0]))


def _before(plan: Plan) -> float | None:
    """Cost of the committed plan, which may hold what has no price any more."""
    try:
        return monthly(plan)
    except PriceMissing:
        return None
