"""The one exchange calendar (D20): sessions, half-days, option cut-off, expiry instant. No clock: times are given.

Times are market seconds since 1970 (UTC); days are New York dates. The calendar is exchange_calendars' XNYS as
`exchange_days` keeps it. For years beyond that page the rules in `hours` take over: trading hours are still kept.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from typing import Final
from zoneinfo import ZoneInfo

from apps.market.exchange_days import CLOSED, FIRST_YEAR, HALF_DAYS, LAST_YEAR
from apps.market.hours import FULL_CLOSE, HALF_CLOSE, SATURDAY, session_closes

log = logging.getLogger(__name__)

NEW_YORK: Final = ZoneInfo("America/New_York")
OPENING: Final = time(9, 30)
YEAR_SECONDS: Final = 365 * 86_400
SHORTEST_LIFE_SECONDS: Final = 30.0
"""Years to expiry are never below this many seconds, so that vols stay finite at the bell."""


class CalendarRangeError(LookupError):
    """A day outside the years the calendar covers: say which years to cover when making the calendar."""


@dataclass(frozen=True, slots=True)
class SessionHours:
    """One trading day; instants in market seconds since 1970.

    `option_cutoff` is when SPY options stop quoting, `expiry_instant` when those expiring that day are worth their
    intrinsic value: the close, 16:00 or 13:00 New York.
    """

    day: date
    open: float
    close: float
    option_cutoff: float
    expiry_instant: float
    half_day: bool


def new_york_day(market_time: float) -> date:
    """The date in New York at `market_time` (seconds since 1970)."""
    return datetime.fromtimestamp(market_time, NEW_YORK).date()


def new_york_instant(day: date, at: time) -> float:
    """Market seconds since 1970 of a New York wall-clock time; daylight saving by the zone's own rules."""
    return datetime.combine(day, at, tzinfo=NEW_YORK).timestamp()


def years_between(market_time: float, expiry_instant: float) -> float:
    """Calendar years (365 days) from `market_time` to `expiry_instant`, at least 30 seconds."""
    return max(expiry_instant - market_time, SHORTEST_LIFE_SECONDS) / YEAR_SECONDS


class ExchangeCalendar:
    """Sessions from `first` to `last`, read once on first use; then lookups only."""

    def __init__(self, first: date, last: date, *, cutoff_minutes: float = 15.0) -> None:
        """`cutoff_minutes`: how long after the close options are still quoted. Raises ValueError on a wrong range."""
        if first > last:
            raise ValueError(f"the calendar's first day {first} is after its last day {last}")
        if not 0 <= cutoff_minutes <= 120:
            raise ValueError(f"cutoff_minutes is {cutoff_minutes}; give 0 to 120")
        self.first, self.last, self.cutoff_minutes = first, last, cutoff_minutes

    @classmethod
    def around(cls, day: date, *, cutoff_minutes: float = 15.0) -> ExchangeCalendar:
        """From the start of the year before `day` to the end of the year after it."""
        return cls(date(day.year - 1, 1, 1), date(day.year + 1, 12, 31), cutoff_minutes=cutoff_minutes)

    def session(self, day: date) -> SessionHours | None:
        """The hours of `day`; None on a weekend or holiday. Raises CalendarRangeError outside the calendar."""
        self._check(day)
        return self._table.get(day)

    def session_at(self, market_time: float) -> SessionHours | None:
        """The session whose New York date it is at `market_time`, before the open and after the close included."""
        return self.session(new_york_day(market_time))

    def next_session(self, day: date) -> SessionHours:
        """The first session after `day`. Raises CalendarRangeError when the calendar ends before it."""
        self._check(day)
        index = bisect_right(self._days, day)
        if index == len(self._days):
            raise CalendarRangeError(f"no session after {day}: the calendar ends on {self.last}; make it longer")
        return self._table[self._days[index]]

    def sessions(self, first: date, last: date) -> tuple[SessionHours, ...]:
        """All sessions from `first` to `last`, both included."""
        self._check(first)
        self._check(last)
        days = self._days[bisect_left(self._days, first) : bisect_right(self._days, last)]
        return tuple(self._table[day] for day in days)

    def expiry_instant(self, expiry: date) -> float:
        """When options of this expiry date are settled. Raises ValueError when that day has no session."""
        session = self.session(expiry)
        if session is None:
            raise ValueError(f"{expiry} is not a trading day: no SPY option expires on it")
        return session.expiry_instant

    def _closes(self) -> Mapping[date, time]:
        if self.first.year >= FIRST_YEAR and self.last.year <= LAST_YEAR:
            return recorded_closes(self.first, self.last)
        log.warning(
            "calendar: %s to %s is beyond the recorded years %d to %d; using the built-in trading-hours rules",
            self.first, self.last, FIRST_YEAR, LAST_YEAR,
        )  # fmt: skip
        return session_closes(self.first, self.last)

    @cached_property
    def _table(self) -> dict[date, SessionHours]:
        return {day: self._hours(day, close) for day, close in self._closes().items()}

    @cached_property
    def _days(self) -> list[date]:
        return sorted(self._table)

    def _hours(self, day: date, closing: time) -> SessionHours:
        close = new_york_instant(day, closing)
        return SessionHours(
            day=day,
            open=new_york_instant(day, OPENING),
            close=close,
            option_cutoff=close + 60 * self.cutoff_minutes,
            expiry_instant=close,
            half_day=closing < time(16),
        )

    def _check(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise CalendarRangeError(f"{day} is outside the calendar ({self.first} to {self.last}); make it longer")


def recorded_closes(first: date, last: date) -> dict[date, time]:
    """Closing times, New York, of the sessions from `first` to `last`; both within the recorded years."""
    closed, half = _days_of(CLOSED), _days_of(HALF_DAYS)
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    weekdays = (day for day in every if day.weekday() < SATURDAY)
    return {day: HALF_CLOSE if day in half else FULL_CLOSE for day in weekdays if day not in closed}


@cache
def _days_of(lines: str) -> frozenset[date]:
    """The days of a page's lines, each a year and then months and days."""
    days = ((year, day) for year, *rest in map(str.split, lines.strip().splitlines()) for day in rest)
    return frozenset(date.fromisoformat(f"{year}-{day}") for year, day in days)
