"""Gamma exposure per strike from real gamma and real open interest. Pure; never guesses a missing open interest.

Sign convention, stated because it is an assumption and not a fact: calls count +, puts count -, as if dealers were
long every call and short every put that customers hold. Unit: dollars of delta that hedging would move for a move of
the underlying by 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from apps.market.chain import Array, BoolArray, IntArray

CONTRACT_SHARES: Final = 100.0


@dataclass(frozen=True, slots=True)
class GammaExposure:
    """Exposure by strike, ascending; dollars per 1 % move.

    `strike`, `call`, `put` (negative or zero) and `net` have one entry a strike; a right whose contracts there are all
    unknown is NaN, and so is the net. `total` sums what is known; `missing` contracts had no gamma or open interest.
    """

    strike: Array
    call: Array
    put: Array
    net: Array
    total: float
    missing: int
    known: int


def gamma_exposure(strike: Array, is_call: BoolArray, gamma: Array, open_interest: Array, spot: float) -> GammaExposure:
    """GEX = gamma x open interest x 100 x spot^2 x 0.01 with calls +, puts -; arrays (n,), gamma per dollar.

    NaN gamma or open interest makes the contract unknown: it is counted in `missing`, never taken for zero. A spot
    that is not a positive number makes everything unknown.
    """
    usable = spot if np.isfinite(spot) and spot > 0 else float("nan")
    dollars = gamma * open_interest * (CONTRACT_SHARES * usable * usable * 0.01)
    exposure = np.where(is_call, dollars, -dollars)
    known = np.isfinite(exposure)
    strikes, position = np.unique(strike, return_inverse=True)
    call = _by_strike(exposure, position, known & is_call, strikes.size)
    put = _by_strike(exposure, position, known & ~is_call, strikes.size)
    total = float(exposure[known].sum()) if known.any() else float("nan")
    count = int(np.count_nonzero(known))
    return GammaExposure(strikes, call, put, call + put, total, int(known.size) - count, count)


def _by_strike(exposure: Array, position: IntArray, chosen: BoolArray, strikes: int) -> Array:
    total = np.bincount(position[chosen], weights=exposure[chosen], minlength=strikes)
    present = np.bincount(position[chosen], minlength=strikes) > 0
    return np.where(present, total, np.nan)
