"""A small gate on detection quality; the whole table is `make bench-quality`.

Limits are the baselines of option-analytics 8 pooled over the cells looked at, less three standard errors of this
small sample (binomial), so that chance fails the gate less than once in a few hundred changes.
"""

from __future__ import annotations

import numpy as np
import pytest

from apps.simulator.families import FAMILIES
from tests.bench.quality_controls import lagged, w_shaped
from tests.bench.quality_detection import BASELINE, HOURS, Tally, tally_cell

CHAINS = 60
SEED = 11
WINDOW = 0.02


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_detection_is_no_worse_than_the_baseline(family: str) -> None:
    pooled = Tally()
    for hours in HOURS:
        pooled.add(tally_cell(family, WINDOW, hours, chains=CHAINS, seed=SEED))
    base = np.mean([BASELINE[(family, WINDOW, low)] for low, _ in HOURS], axis=0)
    print(f"seed {SEED}: recall {pooled.recall(3.0):.2f} {pooled.recall(5.0):.2f}, precision {pooled.precision:.2f}")
    assert pooled.recall(3.0) >= base[0] - 3 * pooled.standard_error(3.0)
    assert pooled.recall(5.0) >= base[1] - 3 * pooled.standard_error(5.0)
    flags = sum(pooled.found.values()) + pooled.false
    assert pooled.precision >= base[2] - 3 * np.sqrt(base[2] * (1 - base[2]) / flags)


def test_a_w_shaped_event_day_is_recognised_and_silenced() -> None:
    shaped = w_shaped(60, SEED)
    print(f"seed {SEED}: {shaped}")
    assert shaped.above_low == 0
    assert shaped.low_confidence >= 0.95 * shaped.chains


def test_neighbours_late_by_one_forward_move_are_late_not_wrong() -> None:
    late = lagged("mixture", 60, SEED)
    print(f"seed {SEED}: {late}")
    assert late.flagged <= 0.02 * late.chains
