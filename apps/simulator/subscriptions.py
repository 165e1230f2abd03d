"""The market-data requests of one connection: opened, limited, turned to delayed, ended. Encodes no tick itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.simulator import encoder
from apps.simulator.contract_details import BBO_MAP_OPTION, BBO_MAP_STOCK, only
from apps.simulator.faults import Active
from apps.simulator.fields import RequestRefused
from apps.simulator.market_data import LineTable
from apps.simulator.messages import GENERIC_TICKS, Code
from apps.simulator.option_line import OptionLine, option_line
from apps.simulator.requests import MarketData
from apps.simulator.sampler import Sample
from apps.simulator.underlying_line import UnderlyingLine, day_so_far
from apps.simulator.universe import Instrument, quoting_exchanges

if TYPE_CHECKING:
    from apps.simulator.session import Session

LIVE, DELAYED = 1, 3
ADVISORY = frozenset({Code.PARTLY_SUBSCRIBED, 10_090, Code.DISPLAYING_DELAYED})
"""Codes after which a line goes on, with delayed data; every other code ends it."""

TEXTS = {
    Code.NOT_SUBSCRIBED: "Requested market data is not subscribed. Check API status by selecting the Account menu.",
    Code.PARTLY_SUBSCRIBED: "Part of requested market data requires additional subscription for API. "
    "Displaying delayed market data.",
    Code.DISPLAYING_DELAYED: "Requested market data is not subscribed. Displaying delayed market data.",
    Code.COMPETING_SESSION: "No market data during competing live session",
    Code.NO_CONTRACT: "No security definition has been found for the request",
}


class Subscriptions:
    """Live and delayed lines of a connection. Lines are counted over the whole gateway: they belong to the login."""

    def __init__(self, session: Session) -> None:
        self._session = session
        phase, greek_round, underlying = session.gateway.phases
        self.live = LineTable(phase, greek_round, underlying)
        self.delayed = LineTable(phase, greek_round, underlying)
        self._generics: dict[int, frozenset[int]] = {}

    def __len__(self) -> int:
        """Lines in use."""
        return len(self.live) + len(self.delayed)

    def open(self, request: MarketData) -> None:
        """Serve a subscription or snapshot. Raises RequestRefused."""
        gateway, req_id = self._session.gateway, request.req_id
        item = only(gateway.universe, gateway.faults, req_id, request.contract)
        _check_generics(request)
        delayed = self._checked(req_id, item)
        if request.snapshot:
            self._snapshot(request, item, delayed=delayed)
            return
        if req_id in self.live or req_id in self.delayed:
            raise RequestRefused(req_id, Code.DUPLICATE_TICKER, "Duplicate ticker id")
        if gateway.lines_used() >= gateway.line_limit():
            raise RequestRefused(req_id, Code.LINE_LIMIT, "Max number of tickers has been reached")
        self._generics[req_id] = request.generic_ticks
        self._announce(req_id, item, delayed=delayed)
        self._table(delayed=delayed).add(self._line(req_id, item, request.generic_ticks, delayed=delayed))

    def cancel(self, req_id: int) -> bool:
        """End a line; False when there is none."""
        self._generics.pop(req_id, None)
        return self.live.remove(req_id) or self.delayed.remove(req_id)

    def clear(self) -> None:
        """End every line without a word, as after 1101."""
        for req_id in (*self.live.req_ids, *self.delayed.req_ids):
            self.cancel(req_id)

    def fail(self, fault: Active, code: int) -> None:
        """Give every line the fault is about an error, and end it or turn it to delayed data."""
        for req_id in (*self.live.req_ids, *self.delayed.req_ids):
            item = self.live.instrument(req_id) or self.delayed.instrument(req_id)
            if item is None or not fault.touches(item.strike, item.right):
                continue
            self._session.refuse(_error(req_id, code))
            if code in ADVISORY:
                self._turn(req_id, item, delayed=True)
            else:
                self.cancel(req_id)

    def turn_all(self, *, delayed: bool) -> None:
        """Every line to delayed data or back."""
        source = self.live if delayed else self.delayed
        for req_id in source.req_ids:
            item = source.instrument(req_id)
            if item is not None:
                self._turn(req_id, item, delayed=delayed)

    def _checked(self, req_id: int, item: Instrument) -> bool:
        """Whether the line is delayed. Raises RequestRefused where a fault ends it."""
        faults = self._session.gateway.faults
        if faults.active("competing_session"):
            raise _error(req_id, Code.COMPETING_SESSION)
        delayed = bool(faults.active("delayed_data"))
        if delayed:
            self._session.refuse(_error(req_id, Code.DISPLAYING_DELAYED))
        for fault in faults.active("line_error"):
            if fault.touches(item.strike, item.right):
                code = int(fault.number("code") or Code.NOT_SUBSCRIBED)
                if code not in ADVISORY:
                    raise _error(req_id, code)
                self._session.refuse(_error(req_id, code))
                delayed = True
        return delayed

    def _announce(self, req_id: int, item: Instrument, *, delayed: bool) -> None:
        world = self._session.gateway.world
        min_tick = world.tick_rule[0][1] if item.is_option else 0.01
        exchange_map = BBO_MAP_OPTION if item.is_option else BBO_MAP_STOCK
        self._session.send(
            encoder.tick_request_parameters(req_id, min_tick, exchange_map, 3)
            + encoder.market_data_type(req_id, DELAYED if delayed else LIVE)
        )

    def _snapshot(self, request: MarketData, item: Instrument, *, delayed: bool) -> None:
        gateway = self._session.gateway
        self._announce(request.req_id, item, delayed=delayed)
        table = LineTable(*gateway.phases)
        table.add(self._line(request.req_id, item, frozenset(), delayed=delayed))
        taken: Sample = gateway.sample(delayed=delayed)
        self._session.send(table.everything(taken, greeks=True) + encoder.snapshot_end(request.req_id))

    def _turn(self, req_id: int, item: Instrument, *, delayed: bool) -> None:
        source, target = self._table(delayed=not delayed), self._table(delayed=delayed)
        if not source.remove(req_id):
            return
        self._session.send(encoder.market_data_type(req_id, DELAYED if delayed else LIVE))
        target.add(self._line(req_id, item, self._generics.get(req_id, frozenset()), delayed=delayed))

    def _table(self, *, delayed: bool) -> LineTable:
        return self.delayed if delayed else self.live

    def _line(
        self, req_id: int, item: Instrument, generics: frozenset[int], *, delayed: bool
    ) -> OptionLine | UnderlyingLine:
        gateway = self._session.gateway
        if item.is_option:
            return option_line(
                req_id, item, generics, quoting_exchanges(gateway.settings.number, item.row), delayed=delayed
            )
        return UnderlyingLine(req_id, item, generics, day_so_far(gateway.world, gateway.clock.now()), delayed=delayed)


def _check_generics(request: MarketData) -> None:
    """Raises RequestRefused 321 for a generic tick the broker does not offer, as its gateway does."""
    unknown = sorted(request.generic_ticks - GENERIC_TICKS)
    if unknown:
        listed = ",".join(map(str, unknown))
        text = f"Error validating request.-'bW' : cause - Incorrect generic tick list of {listed[:60]}"
        raise RequestRefused(request.req_id, Code.VALIDATION, text)


def _error(req_id: int, code: int) -> RequestRefused:
    return RequestRefused(req_id, code, TEXTS.get(code, f"Market data request failed with code {code}"))  # type: ignore[call-overload]
