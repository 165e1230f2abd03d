"""The one calendar: half-days, holidays, daylight saving, expiry instants; its days are the calendar package's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.market import exchange_days
from apps.market.calendar import (
    NEW_YORK,
    YEAR_SECONDS,
    CalendarRangeError,
    ExchangeCalendar,
    new_york_day,
    new_york_instant,
    recorded_closes,
    years_between,
)
from apps.market.hours import session_closes
from tools.exchange_days import library_closes, page

FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
HALF_DAYS = [
    date(2024, 7, 3),
    date(2024, 11, 29),
    date(2024, 12, 24),
    date(2025, 7, 3),
    date(2025, 11, 28),
    date(2025, 12, 24),
    date(2026, 11, 27),
    date(2026, 12, 24),
    date(2027, 11, 26),
]
CLOSED = [
    date(2024, 3, 29),
    date(2025, 1, 9),
    date(2025, 4, 18),
    date(2026, 6, 19),
    date(2026, 7, 3),
    date(2027, 6, 18),
    date(2027, 12, 24),
]


@pytest.fixture(scope="module")
def calendar() -> ExchangeCalendar:
    return ExchangeCalendar(FIRST, LAST)


def utc(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%H:%M")


@pytest.mark.parametrize("day", HALF_DAYS)
def test_a_half_day_ends_at_one_and_its_options_expire_then(calendar: ExchangeCalendar, day: date) -> None:
    session = calendar.session(day)
    assert session is not None
    assert session.half_day
    assert session.close == session.expiry_instant == new_york_instant(day, time(13))
    assert session.option_cutoff == session.close + 15 * 60
    assert utc(session.close) == ("17:00" if day.month == 7 else "18:00")


@pytest.mark.parametrize("day", CLOSED)
def test_a_holiday_has_no_session_and_nothing_expires_on_it(calendar: ExchangeCalendar, day: date) -> None:
    assert calendar.session(day) is None
    with pytest.raises(ValueError, match="not a trading day"):
        calendar.expiry_instant(day)


def test_there_are_no_other_half_days(calendar: ExchangeCalendar) -> None:
    assert [session.day for session in calendar.sessions(FIRST, LAST) if session.half_day] == HALF_DAYS


def test_daylight_saving_moves_the_utc_hours_and_not_the_new_york_ones(calendar: ExchangeCalendar) -> None:
    """8 March 2026 and 1 November 2026 are the changes of clocks."""
    opens = {
        day: calendar.session(day)
        for day in (date(2026, 3, 6), date(2026, 3, 9), date(2026, 10, 30), date(2026, 11, 2))
    }
    assert [utc(session.open) for session in opens.values() if session] == ["14:30", "13:30", "13:30", "14:30"]
    for session in opens.values():
        assert session is not None
        assert datetime.fromtimestamp(session.open, NEW_YORK).time() == time(9, 30)


def test_the_calendar_reaches_years_ahead() -> None:
    far = date(datetime.now(UTC).year + 3, 1, 1)
    assert ExchangeCalendar(far, far + timedelta(days=30)).sessions(far, far + timedelta(days=30))


def test_the_recorded_days_are_those_of_the_calendar_package() -> None:
    """After a renewal of the package that moves a day: `python -m tools.exchange_days`."""
    first, last = date(exchange_days.FIRST_YEAR, 1, 1), date(exchange_days.LAST_YEAR, 12, 31)
    assert recorded_closes(first, last) == library_closes(first, last)
    assert Path(exchange_days.__file__).read_text("utf-8") == page()


def test_the_rules_agree_with_the_recorded_days_from_2022_on_for_as_long_as_these_last() -> None:
    first, last = date(2022, 1, 1), date(exchange_days.LAST_YEAR, 12, 31)
    assert session_closes(first, last) == recorded_closes(first, last)


def test_beyond_the_recorded_years_the_hours_come_from_the_rules(caplog: pytest.LogCaptureFixture) -> None:
    first, last = date(exchange_days.LAST_YEAR, 12, 20), date(exchange_days.LAST_YEAR + 1, 1, 10)
    beyond = ExchangeCalendar(first, last)
    assert [session.day for session in beyond.sessions(first, last)] == sorted(session_closes(first, last))
    assert "using the built-in trading-hours rules" in caplog.text


def test_the_rules_know_a_new_year_on_a_saturday_is_not_kept_on_friday() -> None:
    assert date(2021, 12, 31) in session_closes(date(2021, 12, 27), date(2021, 12, 31))


def test_the_session_of_an_instant_is_that_of_its_new_york_date(calendar: ExchangeCalendar) -> None:
    late = datetime(2026, 11, 24, 3, 0, tzinfo=UTC).timestamp()
    assert new_york_day(late) == date(2026, 11, 23)
    session = calendar.session_at(late)
    assert session is not None
    assert session.day == date(2026, 11, 23)


def test_the_next_session_passes_over_weekends_and_holidays(calendar: ExchangeCalendar) -> None:
    assert calendar.next_session(date(2026, 11, 25)).day == date(2026, 11, 27)
    assert calendar.next_session(date(2026, 11, 27)).day == date(2026, 11, 30)


def test_a_day_outside_the_calendar_is_an_error_that_names_the_range(calendar: ExchangeCalendar) -> None:
    with pytest.raises(CalendarRangeError, match="2024-01-01 to 2027-12-31"):
        calendar.session(date(2028, 1, 3))
    with pytest.raises(CalendarRangeError, match="ends on 2027-12-31"):
        calendar.next_session(LAST)
    with pytest.raises(ValueError, match="after its last day"):
        ExchangeCalendar(LAST, FIRST)
    with pytest.raises(ValueError, match="cutoff_minutes"):
        ExchangeCalendar(FIRST, LAST, cutoff_minutes=-1)


def test_years_to_expiry_are_calendar_seconds_and_never_below_thirty_seconds(calendar: ExchangeCalendar) -> None:
    friday = datetime(2025, 5, 16, 16, 15, tzinfo=NEW_YORK).timestamp()
    monday = calendar.expiry_instant(date(2025, 5, 19))
    assert years_between(friday, monday) == pytest.approx((71.75 * 3600) / YEAR_SECONDS)
    assert years_between(friday, calendar.expiry_instant(date(2025, 5, 16))) == 30 / YEAR_SECONDS
    assert years_between(0, 3600) == 3600 / YEAR_SECONDS


def test_the_option_cutoff_is_a_setting() -> None:
    session = ExchangeCalendar(FIRST, LAST, cutoff_minutes=0).session(date(2026, 11, 24))
    assert session is not None
    assert session.option_cutoff == session.close


@given(offset=st.integers(0, (LAST - FIRST).days - 1))
@settings(max_examples=100, deadline=None)
def test_sessions_are_ordered_and_whole(calendar: ExchangeCalendar, offset: int) -> None:
    day = FIRST + timedelta(days=offset)
    session = calendar.session(day)
    if session is not None:
        assert session.day == day
        assert session.open < session.close <= session.option_cutoff
        assert session.close - session.open == pytest.approx((3.5 if session.half_day else 6.5) * 3600)
        assert calendar.sessions(day, day) == (session,)
