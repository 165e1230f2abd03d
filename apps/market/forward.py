"""The forward that the options themselves imply, by put-call parity. Pure; never looks at the underlying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from apps.market.chain import Array, BoolArray, IntArray

MOST_STRIKES: Final = 11
_HALF_SPREAD_FLOOR: Final = 0.005


@dataclass(frozen=True, slots=True)
class ParityForward:
    """`value` and `deviation` (median absolute deviation of the per-strike forwards) in dollars; NaN when impossible.

    `count` strikes were used, listed in `strikes`, nearest to the money first.
    """

    value: float
    deviation: float
    count: int
    strikes: Array


NO_FORWARD: Final = ParityForward(float("nan"), float("nan"), 0, np.empty(0))


@dataclass(frozen=True, slots=True)
class StrikePairs:
    """Row numbers of the call and the put of each strike that has both, ascending by strike; arrays (pairs,)."""

    call: IntArray
    put: IntArray


def strike_pairs(strike: Array, is_call: BoolArray) -> StrikePairs:
    """Match calls and puts of the same strike. NaN strikes match nothing; each (strike, right) occurs at most once."""
    order = np.lexsort((is_call, strike))
    ordered = strike[order]
    first = np.flatnonzero(ordered[1:] == ordered[:-1])
    return StrikePairs(call=order[first + 1], put=order[first])


def two_sided(bid: Array, ask: Array) -> BoolArray:
    """Which quotes have a positive bid and an ask that is not below it. NaN (no quote) is not two-sided."""
    return np.isfinite(ask) & (bid > 0) & (ask >= bid)


def parity_forward(strike: Array, is_call: BoolArray, bid: Array, ask: Array) -> ParityForward:
    """Weighted median of K + C - P (Stoll 1969) over the up to eleven strikes of smallest |C - P|; (n,), dollars.

    Only strikes whose call and put both have a live two-sided quote count: one-sided, crossed and missing quotes are
    ignored. Weight 1/(sum of half-spreads), a half-spread of at least half a cent. With fewer
    than seven such strikes all are used; with none the value is NaN and the count 0.
    """
    return pair_forward(strike_pairs(strike, is_call), strike, bid, ask, two_sided(bid, ask))


def pair_forward(pairs: StrikePairs, strike: Array, bid: Array, ask: Array, live: BoolArray) -> ParityForward:
    """`parity_forward` with the matching and the live rows already known."""
    mid = np.where(live, (bid + ask) * 0.5, np.nan)
    gap = mid[pairs.call] - mid[pairs.put]
    usable = np.flatnonzero(gap == gap)  # noqa: PLR0124  NaN is the only value that differs from itself
    if not usable.size:
        return NO_FORWARD
    near = usable[np.abs(gap[usable]).argsort(kind="stable")[:MOST_STRIKES]]
    call, put = pairs.call[near], pairs.put[near]
    strikes = strike[call]
    forwards = strikes + gap[near]
    half_spread = np.fmax((ask - bid) * 0.5, _HALF_SPREAD_FLOOR)
    value = _weighted_median(forwards, 1 / (half_spread[call] + half_spread[put]))
    distance = np.abs(forwards - value)
    distance.sort()
    deviation = (distance[(distance.size - 1) // 2] + distance[distance.size // 2]) / 2
    return ParityForward(value, float(deviation), int(strikes.size), strikes)


def _weighted_median(values: Array, weights: Array) -> float:
    """The value where half the weight lies below; the mean of two neighbours when it falls exactly between them."""
    order = values.argsort()
    ordered = values[order]
    total = weights[order].cumsum()
    half = total[-1] / 2
    index = int(total.searchsorted(half))
    if total[index] == half and index + 1 < ordered.size:
        return float((ordered[index] + ordered[index + 1]) / 2)
    return float(ordered[index])
