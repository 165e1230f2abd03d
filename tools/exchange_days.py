"""Writes apps/market/exchange_days.py: what the calendar package says of each day, so that no service needs it.

`python -m tools.exchange_days` after the package was renewed (tools/lock.sh does); a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2005, 2045
"""From the year in which options on SPY began to the last that a service made today may be asked about."""

FULL_CLOSE, HALF_CLOSE = time(16), time(13)
TARGET = Path(__file__).resolve().parents[1] / "apps" / "market" / "exchange_days.py"
_NEW_YORK = ZoneInfo("America/New_York")
_PAGE = '''\
"""Days on which the New York Stock Exchange is closed or closes early: the calendar package's word. Data only.

Written by tools/exchange_days.py from exchange_calendars (XNYS) when its version changes: that package and its own
libraries are a hundred megabytes and a second of each start, and its answer for a day never changes. Do not edit.
"""

from __future__ import annotations

from typing import Final

FIRST_YEAR: Final = {first}
LAST_YEAR: Final = {last}

CLOSED: Final = """
{closed}
"""
"""A line a year: month and day of each weekday without a session."""

HALF_DAYS: Final = """
{half}
"""
"""A line a year: month and day of each session that ends at 13:00 New York."""
'''


def library_closes(first: date, last: date) -> dict[date, time]:
    """Closing time, New York, of every session from `first` to `last`, asked of exchange_calendars."""
    import exchange_calendars  # noqa: PLC0415  (a second, which only this needs)

    margin = timedelta(days=10)  # the package refuses a range without sessions
    calendar = exchange_calendars.get_calendar(
        "XNYS", start=(first - margin).isoformat(), end=(last + margin).isoformat()
    )
    closes = ((stamp.date(), close.to_pydatetime()) for stamp, close in calendar.closes.items())
    return {
        day: close.replace(tzinfo=close.tzinfo or UTC).astimezone(_NEW_YORK).time()
        for day, close in closes
        if first <= day <= last
    }


def page() -> str:
    """The module's text. Raises ValueError when a session closes at an hour that the page has no place for."""
    first, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    closes = library_closes(first, last)
    if strange := {day: close for day, close in closes.items() if close not in {FULL_CLOSE, HALF_CLOSE}}:
        raise ValueError(f"the page knows 16:00 and 13:00 only, and the package says {strange}")
    weekdays = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    closed = [day for day in weekdays if day.weekday() < 5 and day not in closes]
    half = [day for day, close in sorted(closes.items()) if close == HALF_CLOSE]
    return _PAGE.format(first=FIRST_YEAR, last=LAST_YEAR, closed=_by_year(closed), half=_by_year(half))


def _by_year(days: list[date]) -> str:
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    return "\n".join(" ".join([str(year), *(f"{day:%m-%d}" for day in days if day.year == year)]) for year in years)


if __name__ == "__main__":
    TARGET.write_text(page(), "utf-8")
