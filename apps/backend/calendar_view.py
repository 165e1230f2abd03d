"""GET /api/calendar from the one exchange calendar (D20), on the clock the platform runs on. Computes no hours."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

from apps.contracts.api import CalendarAnswer, CalendarDay
from apps.contracts.enums import MarketState
from apps.market.calendar import ExchangeCalendar, SessionHours, new_york_day
from apps.market.contract_hours import ContractHours, clock_state
from apps.service.clock import Clock, wall_ms

DAYS_BEFORE, DAYS_AFTER = 7, 14


class CalendarView:
    """Keeps the calendar of the years around the market's day; three of them, made once."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._calendar: ExchangeCalendar | None = None
        self._lock = asyncio.Lock()

    async def answer(self) -> CalendarAnswer:
        """The clock now and the days around it."""
        now, ends_at = self.clock.now(), self.clock.ends_at
        today = new_york_day(now)
        calendar = await self._around(today)
        session = calendar.session(today)
        following = session if session is not None and now < session.open else calendar.next_session(today)
        span = range(-DAYS_BEFORE, DAYS_AFTER + 1)
        return CalendarAnswer(
            market_time=datetime.fromtimestamp(now, UTC),
            t_server=wall_ms(),
            rate=self.clock.rate,
            ends_at=None if ends_at is None else datetime.fromtimestamp(ends_at, UTC),
            state=_state(session, now),
            session=session.day.isoformat() if session is not None else None,
            next_open_utc=datetime.fromtimestamp(following.open, UTC),
            days=[_day(today + timedelta(days=offset), calendar) for offset in span],
        )

    async def state(self) -> MarketState:
        """What the clock alone says of the session."""
        now = self.clock.now()
        today = new_york_day(now)
        return _state((await self._around(today)).session(today), now)

    async def _around(self, day: date) -> ExchangeCalendar:
        async with self._lock:
            calendar = self._calendar
            if calendar is None or not calendar.first <= day - timedelta(days=31) <= day <= calendar.last:
                calendar = ExchangeCalendar.around(day)
                self._calendar = calendar
            return calendar


def _state(session: SessionHours | None, now: float) -> MarketState:
    if session is None:
        return MarketState.CLOSED
    state = clock_state(ContractHours(session.open, session.close, session.expiry_instant), now)
    return MarketState(state.value)


def _day(day: date, calendar: ExchangeCalendar) -> CalendarDay:
    session = calendar.session(day)
    if session is None:
        return CalendarDay(day=day.isoformat(), open_utc=None, close_utc=None, option_cutoff_utc=None)
    return CalendarDay(
        day=day.isoformat(),
        open_utc=datetime.fromtimestamp(session.open, UTC),
        close_utc=datetime.fromtimestamp(session.close, UTC),
        option_cutoff_utc=datetime.fromtimestamp(session.option_cutoff, UTC),
        half_day=session.half_day,
    )
