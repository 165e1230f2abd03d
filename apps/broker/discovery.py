"""Which contracts exist: underlying, nearest expiry, its strikes and trading hours. Subscribes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from apps.broker.client import ib_api
from apps.broker.columns import OptionKey
from apps.broker.settings import FeedSettings
from apps.broker.trading_hours import parse_hours
from apps.broker.window import strike_step
from apps.market.calendar import NEW_YORK, ExchangeCalendar, SessionHours, new_york_day

log = logging.getLogger(__name__)

NO_SUCH_CONTRACT = 200
EXPIRIES_TRIED = 4
DIRECT_AT_ONCE = 10


class DiscoveryError(Exception):
    """The broker did not name what we need; the message says what was asked."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One expiry as the broker lists it. Times in market seconds since 1970; `contracts` are the library's objects."""

    expiry: date
    expiry_instant: float
    opens: float
    closes: float
    contracts: dict[OptionKey, Any]

    @property
    def strikes(self) -> list[float]:
        """Listed strikes, ascending."""
        return sorted({key.strike for key in self.contracts})


class Discovery:
    """Asks the broker; remembers for the day what does not exist (code 200)."""

    def __init__(self, ib: Any, settings: FeedSettings, calendar: ExchangeCalendar) -> None:
        self._ib = ib
        self._settings = settings
        self._calendar = calendar
        self._absent: set[tuple[date, OptionKey]] = set()

    def session_for(self, market_time: float) -> SessionHours:
        """The session whose options still trade at `market_time`, else the next one."""
        day = new_york_day(market_time)
        session = self._calendar.session(day)
        if session is None or market_time >= session.option_cutoff:
            session = self._calendar.next_session(day)
        return session

    def forget_absent(self, listed: Listed, key: OptionKey) -> Listed:
        """The broker said 200 for this contract: `listed` without it, remembered for the day."""
        self._absent.add((listed.expiry, key))
        left = {other: contract for other, contract in listed.contracts.items() if other != key}
        return Listed(listed.expiry, listed.expiry_instant, listed.opens, listed.closes, left)

    async def underlying(self) -> Any:
        """The underlying's contract with its conId. Raises DiscoveryError."""
        settings = self._settings
        kind = ib_api.Index if settings.is_index else ib_api.Stock
        details = await self._details(kind(settings.symbol, settings.underlying_exchange, "USD"))
        if not details:
            raise DiscoveryError(f"The broker knows no underlying {settings.symbol}; check SYMBOL.")
        contract = details[0].contract
        contract.exchange = settings.underlying_exchange
        return contract

    async def nearest_expiry(self, underlying: Any, market_time: float, spot: float) -> Listed:
        """The nearest expiry that still trades, with all its contracts.

        Both ways: the broker's list of expiries (which may omit today's) and today's date built directly; contract
        details decide. Raises DiscoveryError when no candidate has contracts.
        """
        session = self.session_for(market_time)
        expiries, strikes = await self._option_parameters(underlying)
        candidates = sorted({session.day, *(expiry for expiry in expiries if expiry >= session.day)})[:EXPIRIES_TRIED]
        self._absent = {(day, key) for day, key in self._absent if day >= session.day}
        for expiry in candidates:
            details = await self._whole_chain(expiry)
            if details is None:
                details = await self._built_directly(expiry, strikes, spot)
            listed = self._listed(expiry, details)
            if listed.contracts and listed.closes > market_time:
                return listed
            log.info("discovery: no contracts for expiry %s", expiry)
        raise DiscoveryError(
            f"The broker lists no {self._settings.trading_class} options for "
            f"{', '.join(str(day) for day in candidates)}. Is the account entitled to US options?"
        )

    async def _option_parameters(self, underlying: Any) -> tuple[set[date], list[float]]:
        """Expiries and strikes (the union over expiries) of our class on SMART; empty when the broker will not say."""
        settings = self._settings
        try:
            async with asyncio.timeout(settings.request_timeout):
                chains = await self._ib.reqSecDefOptParamsAsync(
                    underlying.symbol, "", underlying.secType, underlying.conId
                )
        except (TimeoutError, ib_api.RequestError) as error:
            log.warning("discovery: no option parameters (%s); building today's contracts directly", error)
            return set(), []
        ours = [chain for chain in chains if chain.tradingClass == settings.trading_class]
        smart = [chain for chain in ours if chain.exchange == "SMART"] or ours
        expiries = {day for chain in smart for text in chain.expirations if (day := _day(text)) is not None}
        return expiries, sorted({strike for chain in smart for strike in chain.strikes})

    async def _whole_chain(self, expiry: date) -> list[Any] | None:
        """Details of every contract of an expiry in one request; [] when there are none, None when unanswered."""
        try:
            return await self._details(self._option(expiry, OptionKey(0.0, is_call=True), any_right=True))
        except TimeoutError:
            log.warning("discovery: the chain of %s was not answered in time; asking strike by strike", expiry)
            return None

    async def _built_directly(self, expiry: date, strikes: list[float], spot: float) -> list[Any]:
        """Details strike by strike within twice the window, for gateways that throttle whole chains."""
        reach = spot * 2 * self._settings.strikes_range_percent / 100
        step = min(strike_step(strikes, spot), 5.0) if strikes else 1.0
        known = strikes or [round(spot) + step * number for number in range(-int(reach), int(reach) + 1)]
        keys = [OptionKey(strike, right) for strike in known if abs(strike - spot) <= reach for right in (True, False)]
        gate = asyncio.Semaphore(DIRECT_AT_ONCE)

        async def ask(key: OptionKey) -> list[Any]:
            if (expiry, key) in self._absent:
                return []
            async with gate:
                try:
                    details = await self._details(self._option(expiry, key))
                except TimeoutError:
                    return []
            if not details:
                self._absent.add((expiry, key))
            return details

        answers = await asyncio.gather(*(ask(key) for key in sorted(keys, key=lambda key: abs(key.strike - spot))))
        return [details for answer in answers for details in answer]

    async def _details(self, contract: Any) -> list[Any]:
        """Contract details; [] for code 200. Raises TimeoutError, and the library's error for other codes."""
        try:
            async with asyncio.timeout(self._settings.request_timeout):
                answer = await self._ib.reqContractDetailsAsync(contract)
        except Exception as error:
            if getattr(error, "code", None) == NO_SUCH_CONTRACT:
                return []
            raise
        return list(answer)

    def _option(self, expiry: date, key: OptionKey, *, any_right: bool = False) -> Any:
        settings = self._settings
        right = "" if any_right else "C" if key.is_call else "P"
        return ib_api.Option(
            settings.symbol,
            expiry.strftime("%Y%m%d"),
            key.strike,
            right,
            "SMART",
            currency="USD",
            multiplier="100",
            tradingClass=settings.trading_class,
        )

    def _listed(self, expiry: date, details: Iterable[Any]) -> Listed:
        contracts: dict[OptionKey, Any] = {}
        opens = closes = 0.0
        for detail in details:
            contract = detail.contract
            if _day(contract.lastTradeDateOrContractMonth) != expiry:
                continue
            key = OptionKey(float(contract.strike), is_call=contract.right in ("C", "CALL"))
            if (expiry, key) in self._absent or contract.tradingClass != self._settings.trading_class:
                continue
            contract.lastTradeDateOrContractMonth = expiry.strftime("%Y%m%d")
            contract.exchange = "SMART"
            contracts[key] = contract
            if not closes:
                opens, closes = self._hours(expiry, detail)
        return Listed(expiry, self._expiry_instant(expiry, closes), opens, closes, contracts)

    def _hours(self, expiry: date, detail: Any) -> tuple[float, float]:
        """The expiry day's trading hours: the broker's own, else the calendar's."""
        for opens, closes in parse_hours(detail.tradingHours or "", detail.timeZoneId or ""):
            if new_york_day(closes) == expiry:
                return opens, closes
        session = self._calendar.session(expiry)
        if session is None:
            raise DiscoveryError(f"Neither the broker nor the calendar knows trading hours for {expiry}.")
        return session.open, session.option_cutoff

    def _expiry_instant(self, expiry: date, closes: float) -> float:
        """The calendar's expiry instant; without a session there, 15 minutes before the options stop trading."""
        session = self._calendar.session(expiry)
        return session.expiry_instant if session is not None else closes - timedelta(minutes=15).total_seconds()


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text.split(maxsplit=1)[0][:8], "%Y%m%d").replace(tzinfo=NEW_YORK).date()
    except (ValueError, IndexError):
        return None
