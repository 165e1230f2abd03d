"""QuoteBook: the chain's present quotes as arrays, our own receive time per side. No sockets, no clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import inf, nan

from apps.broker.columns import UNDERLYING, OptionKey, QuoteColumns
from apps.broker.feed import Packet
from apps.market.chain import Chain, Underlying

PRICE_MAX = 1e6
SIZE_MAX = 1e10


class QuoteBook(QuoteColumns):
    """Written tick by tick, read as a Chain.

    Between `begin` and `commit` lies one packet. A row's `updates` rises once per packet that changed its bid, ask or
    a size, however many messages carried the change. Prices below zero (IB's -1 sentinel) are NaN; a bid of 0.0
    stays 0.0; an ask of 0.0 offers nothing and is NaN; crossed quotes are kept as they came.
    """

    def __init__(self, symbol: str, trading_class: str, *, american: bool = True, derived: bool = False) -> None:
        self.symbol = symbol
        self.trading_class = trading_class
        self.american = american
        self.derived = derived
        self.expiry: date | None = None
        self.expiry_instant = nan
        self.last_packet_time = -inf
        """Market time of the newest packet with a tick of any option."""
        self.ticks = 0
        """Messages taken since the book was made."""
        self._previous_close = nan
        self._t_recv = 0.0
        self._market_time = -inf
        self._begin_anew()
        super().__init__()

    def set_contracts(self, expiry: date, expiry_instant: float, keys: Sequence[OptionKey]) -> None:
        """New rows. A contract that stays keeps its quotes; with another expiry none does. `generation` rises.

        `expiry_instant` in market seconds since 1970. Raises ValueError when a contract comes twice.
        """
        if len(set(keys)) != len(keys):
            raise ValueError("a contract appears twice in the book")
        keep = expiry == self.expiry and bool(self._keys)
        self.expiry, self.expiry_instant = expiry, expiry_instant
        if not keep:
            self.last_packet_time = -inf
        self._begin_anew()
        self._rearrange(keys, keep=keep)

    def forget_quotes(self) -> None:
        """The data was lost (reconnect, 1101): every quote, the underlying's too, is unknown until sent again."""
        self.last_packet_time = -inf
        self._begin_anew()
        self._allot(self._keys)

    def _begin_anew(self) -> None:
        """No packet is open: row numbers of one would mean other rows now."""
        self._changed: set[int] = set()
        self._requoted: set[int] = set()
        self._quote_changes = 0

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
