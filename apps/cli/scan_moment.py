"""Which instant and which expiry `spy scan` judges: stamps, delays, sessions, what has expired. Reads no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from apps.cli.chain_file_rows import ChainFile, ChainFileError
from apps.market.calendar import NEW_YORK, CalendarRangeError, ExchangeCalendar, SessionHours
from apps.market.contract_hours import ContractHours, clock_state

_SAME_MOMENT_SECONDS: Final = 60.0
_LONGEST_YEARS: Final = 5


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant of the scan, in seconds since 1970; `quoted_at` is when the file's own underlying line was good."""

    as_of: float
    quoted_at: float
    calendar: ExchangeCalendar
    session: SessionHours | None

    @property
    def stock_is_current(self) -> bool:
        """Whether the file's line of the underlying is of the same minute as the options."""
        return abs(self.quoted_at - self.as_of) <= _SAME_MOMENT_SECONDS

    def expiry_instant(self, expiry: date) -> float:
        """Seconds since 1970. Raises ChainFileError for a day on which nothing can expire."""
        try:
            return self.calendar.expiry_instant(expiry)
        except CalendarRangeError:
            raise ChainFileError(
                f"The expiry {expiry} is more than {_LONGEST_YEARS} years from the quotes; correct it or --as-of."
            ) from None
        except ValueError as error:
            raise ChainFileError(f"{error}; correct the expiry.") from error

    def state(self, expiry: date) -> str:
        """What the clock says of the session; a file knows nothing of halts or of a slow opening."""
        if self.session is None:
            return "CLOSED"
        hours = ContractHours(self.session.open, self.session.close, self.expiry_instant(expiry))
        return clock_state(hours, self.as_of).value


def moment_of(file: ChainFile, as_of: str | None) -> Moment:
    """The instant asked for, or the file's own: its stamp less its delay, not after that session's option close.

    Raises ChainFileError when neither is known or the text is not an instant.
    """
    quoted = file.stamp - timedelta(minutes=file.delay_minutes) if file.stamp is not None else None
    given = _instant(as_of) if as_of is not None else None
    moment = given or quoted
    if moment is None:
        raise ChainFileError(
            "The file does not say when its quotes were taken; give --as-of, for example 2025-05-16T16:15-04:00."
        )
    day = moment.astimezone(NEW_YORK).date()
    if not 1993 <= day.year <= 2100:
        raise ChainFileError(
            f"The quotes would be of {day}, before SPY or far ahead; correct --as-of or the file's stamp."
        )
    calendar = _calendar(day.year)
    instant = moment.timestamp() if given else _not_after_the_close(calendar, moment.timestamp())
    quoted_at = quoted.timestamp() if quoted is not None else instant
    return Moment(instant, quoted_at, calendar, calendar.session_at(instant))


@lru_cache(maxsize=2)
def _calendar(year: int) -> ExchangeCalendar:
    return ExchangeCalendar(date(year - 1, 1, 1), date(year + _LONGEST_YEARS, 12, 31))


def _instant(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise ChainFileError(f"--as-of is {text[:40]!r}; write an ISO time with an offset like 2025-05-16T16:15-04:00.")
    return value


def _not_after_the_close(calendar: ExchangeCalendar, instant: float) -> float:
    """The instant, or the option close of its session, or of the last session before a closed day."""
    day = datetime.fromtimestamp(instant, NEW_YORK).date()
    session = calendar.session(day)
    while session is None:
        day -= timedelta(days=1)
        session = calendar.session(day)
    return min(instant, session.option_cutoff)


def choose_expiry(file: ChainFile, moment: Moment, text: str | None) -> date:
    """The expiry asked for, or the first unexpired. Raises ChainFileError when it is absent or has expired."""
    held, odd = file.expiries, odd_expiries(file, moment)
    unexpired = [day for day in held if day not in odd and moment.expiry_instant(day) > moment.as_of]
    when = datetime.fromtimestamp(moment.as_of, NEW_YORK).strftime("%Y-%m-%d %H:%M")
    if text is None:
        if not unexpired and odd:
            raise odd[max(odd)]
        if not unexpired:
            raise ChainFileError(
                f"Every expiry in the file (last {held[-1]}) had expired by {when} New York; set --as-of."
            )
        return unexpired[0]
    try:
        wanted = date.fromisoformat(text)
    except ValueError:
        raise ChainFileError(f"--expiry is {text[:40]!r}; write a date like 2025-05-19.") from None
    if wanted not in held:
        listed = ", ".join(map(str, held[:12])) + (", ..." if len(held) > 12 else "")
        raise ChainFileError(f"The file has no expiry {wanted}; it has {listed}.")
    if wanted in odd:
        raise odd[wanted]
    if wanted not in unexpired:
        ended = datetime.fromtimestamp(moment.expiry_instant(wanted), NEW_YORK).strftime("%H:%M")
        follows = f"; the first unexpired one is {unexpired[0]}" if unexpired else ""
        raise ChainFileError(
            f"The options of {wanted} expired at {ended} New York and the quotes are of {when}{follows}."
        )
    return wanted


def odd_expiries(file: ChainFile, moment: Moment) -> dict[date, ChainFileError]:
    """Expiries of the file on which nothing can expire, with the reason."""
    odd: dict[date, ChainFileError] = {}
    for day in file.expiries:
        try:
            moment.expiry_instant(day)
        except ChainFileError as error:
            odd[day] = error
    return odd
