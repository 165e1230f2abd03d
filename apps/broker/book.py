"""QuoteBook: the chain's present quotes as arrays, our own receive time per side. No sockets, no clock of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf, nan
from typing import NamedTuple, cast

import numpy as np

from apps.broker.feed import Packet
from apps.market.chain import Array, BoolArray, Chain, IntArray, Underlying

UNDERLYING = -1
"""The row number of the underlying's line."""

PRICE_MAX = 1e6
SIZE_MAX = 1e10

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


class QuoteBook:
    """Arrays of n option rows and, behind them, the underlying's row; written tick by tick, read as a Chain.

    Between `begin` and `commit` lies one packet. A row's `updates` rises once per packet that changed its bid, ask or
    a size, however many messages carried the change. Prices below zero (IB's -1 sentinel) are NaN; a bid of 0.0
    stays 0.0; an ask of 0.0 offers nothing and is NaN; crossed quotes are kept as they came.
    """

    def __init__(self, symbol: str, trading_class: str, *, american: bool = True, derived: bool = False) -> None:
        self.symbol = symbol
        self.trading_class = trading_class
        self.american = american
        self.derived = derived
        self.generation = 0
        self.expiry: date | None = None
        self.expiry_instant = nan
        self.last_packet_time = -inf
        """Market time of the newest packet with a tick of any option."""
        self.ticks = 0
        """Messages taken since the book was made."""
        self._previous_close = nan
        self._t_recv = 0.0
        self._market_time = -inf
        self._allot(())

    @property
    def keys(self) -> tuple[OptionKey, ...]:
        """The contracts by row."""
        return self._keys

    def set_contracts(self, expiry: date, expiry_instant: float, keys: Sequence[OptionKey]) -> None:
        """New rows. A contract that stays keeps its quotes; with another expiry none does. `generation` rises.

        `expiry_instant` in market seconds since 1970. Raises ValueError when a contract comes twice.
        """
        if len(set(keys)) != len(keys):
            raise ValueError("a contract appears twice in the book")
        kept = {key: row for row, key in enumerate(self._keys)} if expiry == self.expiry else {}
        floats, integers, flags = self._floats, self._integers, self._flags
        self.expiry, self.expiry_instant = expiry, expiry_instant
        if not kept:
            self.last_packet_time = -inf
        self._allot(tuple(keys))
        pairs = [(row, kept[key]) for row, key in enumerate(keys) if key in kept] + [(UNDERLYING, UNDERLYING)]
        new, old = np.array(pairs, dtype=np.intp).T
        self._floats[:, new] = floats[:, old]
        self._integers[:, new] = integers[:, old]
        self._flags[:, new] = flags[:, old]

    def forget_quotes(self) -> None:
        """The data was lost (reconnect, 1101): every quote, the underlying's too, is unknown until sent again."""
        self.last_packet_time = -inf
        self._allot(self._keys)

    def mark_stale(self, rows: Iterable[int], *, stale: bool) -> None:
        """The feed knows these lines to be degraded, or sound again."""
        for row in rows:
            self._stale[row] = stale

    def mark_delayed(self, row: int, *, delayed: bool) -> None:
        """The broker serves this line late, or in time again."""
        self._delayed[row] = delayed

    def _allot(self, keys: tuple[OptionKey, ...]) -> None:
        """Fresh arrays for `keys` and the underlying. Items are written through memoryviews: cheaper than numpy's."""
        self._keys = keys
        self.generation += 1
        self._changed: set[int] = set()
        self._requoted: set[int] = set()
        self._quote_changes = 0
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

    # -- one packet -------------------------------------------------------------------------------------------------

    def begin(self, t_recv: float, market_time: float) -> None:
        """A packet arrived: wall milliseconds and market seconds of its first byte."""
        self._t_recv, self._market_time = t_recv, market_time

    def commit(self) -> Packet | None:
        """What the packet changed; None when it changed nothing that a reader could see."""
        if not self._changed:
            return None
        for row in self._requoted:
            self._updates[row] += 1
        packet = Packet(
            t_recv=self._t_recv,
            market_time=self._market_time,
            rows=tuple(sorted(row for row in self._changed if row != UNDERLYING)),
            underlying_changed=UNDERLYING in self._changed,
            quote_changes=self._quote_changes,
        )
        self._changed.clear()
        self._requoted.clear()
        self._quote_changes = 0
        return packet

    def bid(self, row: int, price: float, size: float) -> None:
        """Bid price with its size; a negative price is "no quote"."""
        self._quote(self._bid, row, price if 0 <= price < PRICE_MAX else nan)
        self.bid_size(row, size)

    def ask(self, row: int, price: float, size: float) -> None:
        """Ask price with its size; a price of zero or less is "no quote"."""
        self._quote(self._ask, row, price if 0 < price < PRICE_MAX else nan)
        self.ask_size(row, size)

    def bid_size(self, row: int, size: float) -> None:
        """The bid's size alone: the price stands, so the side is fresh."""
        self._quote(self._bid_size, row, size if 0 <= size < SIZE_MAX else nan)
        self._bid_time[row] = self._market_time
        self._alive(row)

    def ask_size(self, row: int, size: float) -> None:
        """The ask's size alone."""
        self._quote(self._ask_size, row, size if 0 <= size < SIZE_MAX else nan)
        self._ask_time[row] = self._market_time
        self._alive(row)

    def last(self, row: int, price: float) -> None:
        """Last trade's price, dollars."""
        self._store(self._last, row, price, PRICE_MAX)
        self._alive(row)

    def volume(self, row: int, volume: float) -> None:
        """The day's volume so far, contracts or shares."""
        self._store(self._volume, row, volume, SIZE_MAX)
        self._alive(row)

    def open_interest(self, row: int, contracts: float) -> None:
        """Open interest: a figure of the day before, so no sign that the line is alive."""
        self._store(self._open_interest, row, contracts, SIZE_MAX)

    def previous_close(self, row: int, price: float) -> None:
        """Close of the day before (tick 9), kept for the underlying."""
        if row == UNDERLYING and 0 < price < PRICE_MAX:
            self._previous_close = price

    def exchanges(self, row: int, mask: int, *, is_bid: bool) -> None:
        """Where a side is best, one bit an exchange; 0 unknown."""
        self._integers[1 if is_bid else 2, row] = mask

    def halted(self, row: int, *, halted: bool) -> None:
        """Tick 49: trading of the line is halted, or goes on."""
        if bool(self._halted[row]) != halted:
            self._halted[row] = halted
            self._changed.add(row)

    def _alive(self, row: int) -> None:
        self.ticks += 1
        if row != UNDERLYING:
            self.last_packet_time = self._market_time

    def _quote(self, column: memoryview[float], row: int, value: float) -> None:
        if _differ(column[row], value):
            column[row] = value
            self._quote_changes += 1
            self._changed.add(row)
            self._requoted.add(row)

    def _store(self, column: memoryview[float], row: int, value: float, limit: float) -> None:
        if 0 <= value < limit and column[row] != value:
            column[row] = value
            self._changed.add(row)

    # -- readers ----------------------------------------------------------------------------------------------------

    @property
    def spot(self) -> float:
        """Midpoint of the underlying, else its last, else the previous close; NaN when nothing is known."""
        known = (self._underlying().mid, self._last[UNDERLYING], self._previous_close)
        return next((price for price in known if price == price), nan)  # noqa: PLR0124  NaN is not itself

    @property
    def underlying_trusted(self) -> bool:
        """The underlying's line has a two-sided quote and is not degraded."""
        mid = self._underlying().mid
        return mid == mid  # noqa: PLR0124  NaN is not itself

    @property
    def any_halted(self) -> bool:
        """The underlying, or most of the chain, is halted."""
        return bool(self._halted[UNDERLYING]) or bool(self._halted.mean() > 0.5)

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

    def chain(self, market_time: float) -> Chain | None:
        """A consistent copy; None before the first contracts."""
        if self.expiry is None or not self._keys:
            return None
        floats = self._floats[:, :-1].copy()
        integers = self._integers[:, :-1].copy()
        flags = self._flags[:, :-1].copy()
        return Chain(
            symbol=self.symbol,
            trading_class=self.trading_class,
            expiry=self.expiry,
            market_time=market_time,
            seconds_to_expiry=self.expiry_instant - market_time,
            strike=self._strike,
            is_call=self._is_call,
            bid=floats[0],
            ask=floats[1],
            bid_size=floats[2],
            ask_size=floats[3],
            last=floats[4],
            volume=floats[5],
            open_interest=floats[6],
            bid_time=floats[7],
            ask_time=floats[8],
            updates=integers[0],
            bid_exchange=integers[1],
            ask_exchange=integers[2],
            halted=flags[0],
            stale=flags[1],
            delayed=flags[2],
            underlying=self._underlying(),
            american=self.american,
            last_packet_time=self.last_packet_time,
        )

    def _underlying(self) -> Underlying:
        """A degraded line gives no bid and ask: nothing may be proved against them."""
        trusted = not self._stale[UNDERLYING]
        return Underlying(
            bid=self._bid[UNDERLYING] if trusted else nan,
            ask=self._ask[UNDERLYING] if trusted else nan,
            last=self._last[UNDERLYING],
            bid_time=self._bid_time[UNDERLYING],
            ask_time=self._ask_time[UNDERLYING],
            derived=self.derived,
            volume=self._volume[UNDERLYING],
            previous_close=self._previous_close,
        )


def _differ(old: float, new: float) -> bool:
    """Two prices differ; NaN is the same as NaN."""
    return old != new and (old == old or new == new)  # noqa: PLR0124
