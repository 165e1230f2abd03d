"""Trading-hours rules of the New York Stock Exchange, written out: what stands in beyond the recorded days.

Pure date arithmetic from the exchange's published holiday rules; it knows no unscheduled closures except those listed.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Final

FULL_CLOSE: Final = time(16)
HALF_CLOSE: Final = time(13)

UNSCHEDULED: Final = frozenset({date(2025, 1, 9)})
"""Days of mourning and the like that no rule foretells."""

SATURDAY: Final = 5
_MONDAY, _THURSDAY, _FRIDAY, _SUNDAY = 0, 3, 4, 6


def session_closes(first: date, last: date) -> dict[date, time]:
    """Closing time (New York) of every session from `first` to `last`, both included; right from 2022 on."""
    closes: dict[date, time] = {}
    for year in range(first.year, last.year + 1):
        closed = holidays(year)
        early = half_days(year)
        day = max(first, date(year, 1, 1))
        while day <= min(last, date(year, 12, 31)):
            if day.weekday() < SATURDAY and day not in closed:
                closes[day] = HALF_CLOSE if day in early else FULL_CLOSE
            day += timedelta(days=1)
    return closes


def holidays(year: int) -> frozenset[date]:
    """Full closures of a year. A Saturday holiday is kept on Friday, except New Year's Day, which is then not kept."""
    new_year = date(year, 1, 1)
    days = {
        _nth(year, 1, _MONDAY, 3),
        _nth(year, 2, _MONDAY, 3),
        easter(year) - timedelta(days=2),
        _last_monday_of_may(year),
        _observed(date(year, 6, 19)),
        _observed(date(year, 7, 4)),
        _nth(year, 9, _MONDAY, 1),
        _nth(year, 11, _THURSDAY, 4),
        _observed(date(year, 12, 25)),
    }
    if new_year.weekday() != SATURDAY:
        days.add(_observed(new_year))
    return frozenset(days | {day for day in UNSCHEDULED if day.year == year})


def half_days(year: int) -> frozenset[date]:
    """Sessions that end at 13:00: after Thanksgiving, and on 3 July and 24 December from Monday to Thursday."""
    days = {_nth(year, 11, _THURSDAY, 4) + timedelta(days=1)}
    for eve in (date(year, 7, 3), date(year, 12, 24)):
        if eve.weekday() < _FRIDAY:
            days.add(eve)
    return frozenset(days)


def easter(year: int) -> date:
    """Western Easter Sunday (the anonymous Gregorian rule)."""
    golden, century, rest = year % 19, year // 100, year % 100
    leap, remainder = divmod(century, 4)
    moon = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    quarter, offset = divmod(rest, 4)
    weekday = (32 + 2 * remainder + 2 * quarter - moon - offset) % 7
    shift = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def _observed(day: date) -> date:
    if day.weekday() == SATURDAY:
        return day - timedelta(days=1)
    return day + timedelta(days=1) if day.weekday() == _SUNDAY else day


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())
