"""Cost: what a plan and the committed one cost a month. The prices are known by infra/costs.py; this only asks it."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from infra.plan.golden import Golden


@dataclass(frozen=True)
class Cost:
    """USD a month, before (None where nothing is committed) and after."""

    before: float | None
    after: float


def cost_of(golden: Golden) -> Cost | None:
    """Both costs; None while there is no infra.costs."""
    if importlib.util.find_spec("infra.costs") is None:
        return None
    monthly = importlib.import_module("infra.costs").monthly
    return Cost(float(monthly(golden.before)) if golden.committed else None, float(monthly(golden.plan)))
