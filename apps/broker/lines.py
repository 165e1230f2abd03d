"""The market-data lines we want and hold: subscribes, cancels, remembers what was refused. Chooses nothing itself."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from math import isfinite
from typing import Any

from apps.broker.book import QuoteBook
from apps.broker.codes import farm_serves_options
from apps.broker.columns import UNDERLYING, OptionKey
from apps.broker.feed import FeedCounts
from apps.broker.tap import DELAYED, DELAYED_FROZEN, FROZEN, QuoteTap

log = logging.getLogger(__name__)

OPTION_TICKS = "100,101,106,233"
"""Generic ticks of an option line: volume, open interest, implied vol, time and sales."""

UNDERLYING_TICKS = "233"
FARM_GRACE = 2.0
"""Market seconds after a farm broke in which ticks may still have been under way."""

LineKey = OptionKey | None
"""An option, or None for the underlying."""


class Lines:
    """Desired lines, held by us over every reconnect. Line None is the underlying's.

    `refused` maps a line to the code with which the broker refused it; it stays until the next `resubscribe_all`.
    """

    def __init__(self, ib: Any, book: QuoteBook, tap: QuoteTap, counts: FeedCounts) -> None:
        self._ib = ib
        self._book = book
        self._tap = tap
        self._counts = counts
        self._requests: dict[LineKey, int] = {}
        self._contracts: dict[LineKey, Any] = {}
        self.refused: dict[LineKey, int] = {}
        self.farms_down: dict[str, float] = {}
        """Market-data farms that are down, with the market time at which they broke."""

    @property
    def used(self) -> int:
        """Lines held, the underlying's included, refused ones not."""
        return sum(key not in self.refused for key in self._requests)

    @property
    def options(self) -> tuple[OptionKey, ...]:
        """The option lines wanted, in subscription order."""
        return tuple(key for key in self._contracts if key is not None)

    @property
    def unanswered(self) -> tuple[LineKey, ...]:
        """Lines of which nothing came yet: no data type, no tick, no refusal."""
        return tuple(key for key in self._requests if key not in self.refused and not self._heard_of(key))

    def granted_before(self, refused: Collection[LineKey]) -> frozenset[LineKey]:
        """Option lines the gateway had accepted when it refused the last of `refused`: it answers in order."""
        last = max(self._requests[key] for key in refused)
        return frozenset(key for key in self.options if key not in self.refused and self._requests[key] < last)

    def line_of(self, request: int) -> tuple[bool, LineKey]:
        """(True, line) of a request number; (False, None) when it is no line of ours."""
        return next(((True, key) for key, number in self._requests.items() if number == request), (False, None))

    def set_underlying(self, contract: Any) -> None:
        """Subscribe the underlying's line, instead of a former one."""
        self._cancel(None)
        self._contracts[None] = contract
        self._request(None)

    def set_options(self, expiry: date, expiry_instant: float, contracts: Mapping[OptionKey, Any]) -> None:
        """Hold exactly these option lines: cancels before it adds, keeps the common ones. Nearest to spot first."""
        same = expiry == self._book.expiry
        for key in self.options:
            if not same or key not in contracts:
                self._cancel(key)
                self.refused.pop(key, None)
                del self._contracts[key]
        self._contracts = {None: self._contracts.get(None)} | dict(contracts)
        self._book.set_contracts(expiry, expiry_instant, list(contracts))
        self._reroute()
        for key in contracts:
            if key not in self._requests:
                self._request(key)

    def resubscribe_all(self) -> None:
        """The data was lost: forget the quotes and ask for every line anew, under new request numbers."""
        self._counts.resubscriptions += 1
        self.refused.clear()
        self._book.forget_quotes()
        self._tap.data_types.clear()
        for key in list(self._requests):
            self._cancel(key)
        for key in self._contracts:
            self._request(key)

    def resubscribe(self, keys: Iterable[LineKey]) -> None:
        """Ask anew for some lines; their old quotes stay, stale, until the first tick."""
        for key in keys:
            self._counts.resubscriptions += 1
            self.refused.pop(key, None)
            self._cancel(key)
            self._request(key)

    def forget_session(self) -> None:
        """The socket is gone, and with it every line and quote; what we want stays."""
        self._requests.clear()
        self._tap.rows.clear()
        self._tap.data_types.clear()
        self.refused.clear()
        self.farms_down.clear()
        self._book.forget_quotes()

    def refuse(self, key: LineKey, code: int) -> None:
        """The broker will send nothing on this line."""
        self.refused[key] = code

    @property
    def delayed(self) -> bool:
        """Some line brings delayed quotes."""
        return any(kind in (DELAYED, DELAYED_FROZEN) for kind in self._tap.data_types.values())

    def data_type(self, key: LineKey) -> int | None:
        """Market data type of a line, None before it is told."""
        request = self._requests.get(key)
        return None if request is None else self._tap.data_types.get(self._tap.rows.get(request, UNDERLYING - 1))

    def _heard_of(self, key: LineKey) -> bool:
        row = UNDERLYING if key is None else self._book.keys.index(key)
        return self.data_type(key) is not None or isfinite(self._book.line_time(row))

    def mark_stale(self, *, all_lines: bool) -> None:
        """Tell the book which rows are degraded: all, or those refused, frozen, or behind a farm that is down.

        And which are delayed, which degrades nothing but must be seen.
        """
        for row, key in [(UNDERLYING, None), *enumerate(self._book.keys)]:
            kind = self._tap.data_types.get(row)
            stale = all_lines or key in self.refused or kind in (FROZEN, DELAYED_FROZEN)
            self._book.mark_delayed(row, delayed=kind in (DELAYED, DELAYED_FROZEN))
            self._book.mark_stale((row,), stale=stale or self._behind_broken_farm(row))

    def _behind_broken_farm(self, row: int) -> bool:
        """True until the line ticks again well after the farm broke, or the farm is reported up."""
        for farm, broke_at in self.farms_down.items():
            serves_options = farm_serves_options(farm)
            concerned = serves_options is None or serves_options == (row != UNDERLYING)
            if concerned and self._book.line_time(row) < broke_at + FARM_GRACE:
                return True
        return False

    def _request(self, key: LineKey) -> None:
        contract = self._contracts.get(key)
        if contract is None:
            return
        number = self._ib.client.getReqId()
        self._requests[key] = number
        self._tap.rows[number] = UNDERLYING if key is None else self._book.keys.index(key)
        ticks = UNDERLYING_TICKS if key is None else OPTION_TICKS
        self._ib.client.reqMktData(number, contract, ticks, False, False, [])

    def _cancel(self, key: LineKey) -> None:
        number = self._requests.pop(key, None)
        if number is None:
            return
        row = self._tap.rows.pop(number, None)
        if row is not None:
            self._tap.data_types.pop(row, None)
        self._ib.client.cancelMktData(number)

    def _reroute(self) -> None:
        """Row numbers changed: request numbers and data types follow."""
        rows: dict[LineKey, int] = {None: UNDERLYING} | {key: row for row, key in enumerate(self._book.keys)}
        kinds = {number: self._tap.data_types.get(row) for number, row in self._tap.rows.items()}
        self._tap.rows = {number: rows[key] for key, number in self._requests.items()}
        self._tap.data_types = {
            row: kind for number, row in self._tap.rows.items() if (kind := kinds.get(number)) is not None
        }
