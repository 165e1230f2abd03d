"""The strike grid of a chain: which row is the call and which the put of each strike, and the leg sets over it. Pure.

Built once per set of contracts and remembered, because a scan must not pay for it. Never looks at a quote.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from apps.market.chain import Array, BoolArray, IntArray
from apps.market.forward import StrikePairs

WING_STEPS = 4
"""A butterfly's wings reach at most this many listed strikes from its body.

A crossing over wider wings needs the body's bid above the chord of two far asks. Fair prices are convex, so the chord
rises away from the body as the wings move out: a wider butterfly can cross only where every nearer wing is unquoted or
itself out of line, and there the verticals and the residual see it.
"""


NEIGHBOURS = 2
"""Strikes each side that count as a contract's neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class StrikeGrid:
    """m strikes ascending, rows into the chain; a missing contract has row n, where padded arrays hold NaN.

    `pairs`: rows of the strikes that have both rights. `partner` (n,): the other right's row at the same strike;
    `neighbours` (n, 4): the nearest rows of the same right. `liability` (2, m, m): [right, bought, sold] the most a
    bought i, sold j pair can owe, +inf on the diagonal; right 0 is calls. Butterflies, both rights: rows `wing_low`,
    `body`, `wing_high` and the low wing's weight `weight`.
    """

    n: int
    strikes: Array
    call_row: IntArray
    put_row: IntArray
    row_strike: IntArray
    partner: IntArray
    pairs: StrikePairs
    neighbours: IntArray
    liability: Array
    wing_low: IntArray
    body: IntArray
    wing_high: IntArray
    weight: Array


def grid_of(strike: Array, is_call: BoolArray) -> StrikeGrid:
    """The grid of these contracts. Shapes (n,). Duplicate (strike, right) rows: the last one wins."""
    return _grid(strike.tobytes(), is_call.tobytes())


@lru_cache(maxsize=16)
def _grid(strike_bytes: bytes, right_bytes: bytes) -> StrikeGrid:
    strike = np.frombuffer(strike_bytes, dtype=np.float64)
    is_call = np.frombuffer(right_bytes, dtype=np.bool_)
    n = strike.size
    strikes, row_strike = np.unique(strike, return_inverse=True)
    row_strike = row_strike.astype(np.int64).reshape(-1)
    m = strikes.size
    rows = np.full((2, m), n, dtype=np.int64)
    rows[np.where(is_call, 0, 1), row_strike] = np.arange(n)
    both = (rows < n).all(axis=0)
    gap = strikes[:, None] - strikes[None, :]
    liability = np.stack([np.maximum(gap, 0.0), np.maximum(-gap, 0.0)])
    liability[:, np.arange(m), np.arange(m)] = np.inf
    low, body, high = _triples(m)
    weight = (strikes[high] - strikes[body]) / (strikes[high] - strikes[low])
    legs = [np.concatenate([rows[right][index] for right in (0, 1)]) for index in (low, body, high)]
    return StrikeGrid(
        n=n,
        strikes=strikes,
        call_row=rows[0],
        put_row=rows[1],
        row_strike=row_strike,
        partner=np.where(is_call, rows[1][row_strike], rows[0][row_strike]),
        pairs=StrikePairs(call=rows[0][both], put=rows[1][both]),
        neighbours=_neighbours(rows, row_strike, is_call, n),
        liability=liability,
        wing_low=legs[0],
        body=legs[1],
        wing_high=legs[2],
        weight=np.concatenate([weight, weight]),
    )


def _triples(m: int) -> tuple[IntArray, IntArray, IntArray]:
    """Every (low, body, high) with both wings within WING_STEPS of the body."""
    found = [
        (body - a, body, body + b)
        for body in range(m)
        for a in range(1, WING_STEPS + 1)
        for b in range(1, WING_STEPS + 1)
        if body - a >= 0 and body + b < m
    ]
    array = np.array(found, dtype=np.int64).reshape(-1, 3)
    return array[:, 0], array[:, 1], array[:, 2]


def _neighbours(rows: IntArray, row_strike: IntArray, is_call: BoolArray, n: int) -> IntArray:
    """(n, 2 NEIGHBOURS) rows of the nearest strikes of the same right; n beyond the ends."""
    m = rows.shape[1]
    steps = [step for step in range(-NEIGHBOURS, NEIGHBOURS + 1) if step]
    at = row_strike[:, None] + np.array(steps)[None, :]
    inside = (at >= 0) & (at < m)
    return np.where(inside, rows[np.where(is_call, 0, 1)[:, None], np.clip(at, 0, max(m - 1, 0))], n)


def padded(values: Array) -> Array:
    """`values` (n,) with a NaN appended, so that row n reads as unknown."""
    out = np.empty(values.size + 1)
    out[:-1] = values
    out[-1] = np.nan
    return out
