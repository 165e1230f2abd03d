"""How far each mid is from fair, in the noise that its own quote allows, robustly. Pure; no I/O.

Median and MAD as location and scale: Hampel (1974), "The influence curve and its role in robust estimation".
"""

from __future__ import annotations

import numpy as np

from apps.market.chain import Array, BoolArray

TICK_NOISE = 0.0029
"""Standard deviation of rounding to a 1 c tick, dollars: 0.01 / sqrt(12)."""

HALF_SPREAD_FLOOR = 0.005
SCALE_FLOOR = 0.5
"""Smallest robust scale of the residuals: a tick grid must not make the spread of residuals nearly nothing."""

MAD_TO_SIGMA = 1.4826


def median(values: Array) -> float:
    """Of a few dozen finite values, without numpy's general machinery (25 us a call); NaN when empty."""
    if not values.size:
        return float("nan")
    ordered = np.sort(values)
    return float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2


def half_spreads(bid: Array, ask: Array) -> Array:
    """max((ask - bid)/2, half a cent), dollars; NaN where a side is missing."""
    return np.maximum((ask - bid) / 2, HALF_SPREAD_FLOOR)


def price_residual(mid: Array, fair: Array, half_spread: Array, model_error: Array) -> Array:
    """(mid - fair) in units of sqrt(half_spread^2 + tick noise^2 + model_error^2)."""
    return (mid - fair) / np.sqrt(half_spread**2 + TICK_NOISE**2 + model_error**2)


def robust_z(residual: Array, judged: BoolArray) -> Array:
    """(r - median)/max(1.4826 MAD, 0.5), both over `judged`; NaN elsewhere and when fewer than three are judged."""
    z = np.full(residual.size, np.nan)
    sample = residual[judged]
    if sample.size < 3:
        return z
    centre = median(sample)
    scale = max(MAD_TO_SIGMA * median(np.abs(sample - centre)), SCALE_FLOOR)
    z[judged] = (sample - centre) / scale
    return z


def outside_edge(bid: Array, ask: Array, fair: Array) -> Array:
    """max(fair - ask, bid - fair), $/share: what a taker would earn against fair; NaN without fair or both sides."""
    with np.errstate(invalid="ignore"):
        return np.fmax(fair - ask, bid - fair)
