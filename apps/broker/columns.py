"""Columns of the quote book: one row an option, the underlying's last, kept when contracts change. Knows no tick."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import NamedTuple, cast

import numpy as np

from apps.market.chain import Array, BoolArray, IntArray

UNDERLYING = -1
"""The row number of the underlying's line."""

_FLOATS = 9
_TIMES = slice(7, 9)


@dataclass(frozen=True, slots=True)
class OptionKey:
    """Names one contract of the book's expiry."""

    strike: float
    is_call: bool


class LineState(NamedTuple):
    """One line's present values; NaN unknown."""

    bid: float
    ask: float
    bid_size: float
    ask_size: float
    last: float
    volume: float
    open_interest: float
    halted: bool


class QuoteColumns:
    """Arrays of n option rows and, behind them, the underlying's row. `generation` rises with every change of rows.

    Unknown prices and sizes are NaN, unknown times -inf. Items are written through memoryviews: cheaper than numpy's.
    """

    def __init__(self) -> None:
        self.generation = 0
        self._allot(())

    @property
    def keys(self) -> tuple[OptionKey, ...]:
        """The contracts by row."""
        return self._keys

    def line(self, row: int) -> LineState:
        """One row's present values, without a copy of the chain."""
        return LineState(
            self._bid[row],
            self._ask[row],
            self._bid_size[row],
            self._ask_size[row],
            self._last[row],
            self._volume[row],
            self._open_interest[row],
            bool(self._halted[row]),
        )

    def line_time(self, row: int) -> float:
        """Market time of a line's newest quote message of either side, -inf before the first."""
        return max(self._bid_time[row], self._ask_time[row])

    def mark_stale(self, rows: Iterable[int], *, stale: bool) -> None:
        """The feed knows these lines to be degraded, or sound again."""
        for row in rows:
            self._stale[row] = stale

    def mark_delayed(self, row: int, *, delayed: bool) -> None:
        """The broker serves this line late, or in time again."""
        self._delayed[row] = delayed

    def _rearrange(self, keys: Sequence[OptionKey], *, keep: bool) -> None:
        """Rows for `keys`: with `keep`, those that stay take their values along; the underlying always does."""
        kept = {key: row for row, key in enumerate(self._keys)} if keep else {}
        floats, integers, flags = self._floats, self._integers, self._flags
        self._allot(tuple(keys))
        pairs = [(row, kept[key]) for row, key in enumerate(keys) if key in kept] + [(UNDERLYING, UNDERLYING)]
        new, old = np.array(pairs, dtype=np.intp).T
        self._floats[:, new] = floats[:, old]
        self._integers[:, new] = integers[:, old]
        self._flags[:, new] = flags[:, old]

    def _allot(self, keys: tuple[OptionKey, ...]) -> None:
        """Fresh arrays for `keys` and the underlying, in which nothing is known."""
        self._keys = keys
        self.generation += 1
        size = len(keys) + 1
        self._floats = np.full((_FLOATS, size), nan)
        self._floats[_TIMES] = -inf
        self._integers = np.zeros((3, size), dtype=np.int64)
        self._flags = np.zeros((3, size), dtype=np.bool_)
        columns = cast("list[memoryview[float]]", [column.data for column in self._floats])
        self._bid, self._ask, self._bid_size, self._ask_size, self._last = columns[:5]
        self._volume, self._open_interest, self._bid_time, self._ask_time = columns[5:]
        self._updates: IntArray = self._integers[0]
        self._halted: BoolArray = self._flags[0]
        self._stale: BoolArray = self._flags[1]
        self._delayed: BoolArray = self._flags[2]
        self._strike: Array = np.array([key.strike for key in keys], dtype=np.float64)
        self._is_call: BoolArray = np.array([key.is_call for key in keys], dtype=np.bool_)
