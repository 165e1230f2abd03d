"""Costs of a plan: what the resources of a recorded plan cost a month. The prices and the sums are those of stacks."""

from __future__ import annotations

from infra.plan.model import Plan
from stacks.costs import Cost, cost


def cost_of(plan: Plan) -> Cost:
    """Cost of every resource of a plan. Raises PriceMissing for one that is neither priced nor free."""
    return cost((one.type, one.inputs) for one in plan.resources.values() if one.custom)


def monthly(plan: Plan) -> float:
    """USD a month of a plan."""
    return cost_of(plan).monthly
