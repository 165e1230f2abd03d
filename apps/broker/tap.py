"""The tap between the client library and the book: tick callbacks, routed to rows. Requests and judges nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from apps.broker.book import QuoteBook
from apps.broker.columns import UNDERLYING
from apps.broker.feed import FeedCounts

log = logging.getLogger(__name__)

LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4
"""Market data types of message 58."""

_DELAYED_TICKS = {66: 1, 67: 2, 68: 4, 69: 0, 70: 3, 71: 5, 72: 6, 73: 7, 74: 8, 75: 9, 76: 14}
"""Delayed tick types and the live ones they stand for."""


class QuoteTap:
    """Routes ticks by request number. `rows` maps request numbers to rows of the book; UNDERLYING is the stock.

    It stands where the library would fill its Ticker objects: the library's own decoder calls these methods.
    `data_types` holds the market data type per row, as message 58 said or the tick types betray.
    """

    def __init__(self, book: QuoteBook, counts: FeedCounts) -> None:
        self.book = book
        self.counts = counts
        self.rows: dict[int, int] = {}
        self.data_types: dict[int, int] = {}
        self.on_data_type: Callable[[], None] = lambda: None

    def attach(self, wrapper: Any) -> None:
        """Take the place of the wrapper's tick callbacks; everything else of it stays the library's."""
        for name in ("priceSizeTick", "tickSize", "tickGeneric", "tickString", "marketDataType"):
            setattr(wrapper, name, self._counted(name, getattr(self, f"_{_SNAKE[name]}")))
        wrapper.tickReqParams = wrapper.tickOptionComputation = wrapper.tickSnapshotEnd = _nothing_to_keep

    def _counted(self, name: str, method: Callable[..., None]) -> Callable[..., None]:
        """The library logs and swallows what a callback raises; this counts it first."""

        def callback(*fields: Any) -> None:
            try:
                method(*fields)
            except Exception:
                self.counts.handler_errors[name] += 1
                log.exception("feed: %s%r failed", name, fields)

        return callback

    def _price_size(self, request: int, tick: int, price: float, size: float) -> None:
        row = self._row(request)
        if row is None:
            return
        if tick in _DELAYED_TICKS:
            tick = self._delayed(row, tick)
        if tick == 1:
            self.book.bid(row, price, size)
        elif tick == 2:
            self.book.ask(row, price, size)
        elif tick == 4:
            self.book.last(row, price)
        elif tick == 9:
            self.book.previous_close(row, price)

    def _size(self, request: int, tick: int, size: float) -> None:
        row = self._row(request)
        if row is None:
            return
        if tick in _DELAYED_TICKS:
            tick = self._delayed(row, tick)
        if tick == 0:
            self.book.bid_size(row, size)
        elif tick == 3:
            self.book.ask_size(row, size)
        elif tick == 8:
            self.book.volume(row, size)
        elif tick in (27, 28) and row != UNDERLYING and self.book.keys[row].is_call == (tick == 27):
            self.book.open_interest(row, size)

    def _generic(self, request: int, tick: int, value: float) -> None:
        row = self._row(request)
        if row is not None and tick == 49 and value >= 0:
            self.book.halted(row, halted=value > 0)

    def _string(self, request: int, tick: int, value: str) -> None:
        row = self._row(request)
        if row is None:
            return
        if tick in (32, 33):
            self.book.exchanges(row, exchange_mask(value), is_bid=tick == 32)
        elif tick in (48, 77):
            self._time_and_sales(row, value)

    def _time_and_sales(self, row: int, value: str) -> None:
        """`price;size;milliseconds;total;vwap;single`; price and size are empty when only the total changed."""
        try:
            price, _, _, total, _, _ = value.split(";")
            if price:
                self.book.last(row, float(price))
            if total:
                self.book.volume(row, float(total))
        except ValueError:
            self.counts.malformed += 1

    def _data_type(self, request: int, data_type: int) -> None:
        row = self._row(request)
        if row is not None and self.data_types.get(row) != data_type:
            self.data_types[row] = data_type
            self.on_data_type()

    def _delayed(self, row: int, tick: int) -> int:
        if self.data_types.get(row) not in (DELAYED, DELAYED_FROZEN):
            self.data_types[row] = DELAYED
            self.on_data_type()
        return _DELAYED_TICKS[tick]

    def _row(self, request: int) -> int | None:
        self.counts.ticks += 1
        row = self.rows.get(request)
        if row is None:
            self.counts.unrouted_ticks += 1
        return row


_SNAKE = {
    "priceSizeTick": "price_size",
    "tickSize": "size",
    "tickGeneric": "generic",
    "tickString": "string",
    "marketDataType": "data_type",
}


def _nothing_to_keep(*_fields: object) -> None:
    """Model greeks and tick parameters: our own are computed from the quotes."""


def exchange_mask(letters: str) -> int:
    """One bit for each exchange letter: A-Z are bits 0 to 25, a-z bits 26 to 51; anything else is no exchange."""
    mask = 0
    for letter in letters:
        if "A" <= letter <= "Z":
            mask |= 1 << (ord(letter) - ord("A"))
        elif "a" <= letter <= "z":
            mask |= 1 << (ord(letter) - ord("a") + 26)
    return mask
