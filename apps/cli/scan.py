"""`spy scan FILE`: judge one chain from a file with the live rules and print the table. Stores and sends nothing."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from apps.cli.chain_files import ChainFile, ChainFileError, build_chain, read_chain_file
from apps.cli.scan_report import ScanReport, print_table, report_json
from apps.market.calendar import NEW_YORK, CalendarRangeError, ExchangeCalendar, SessionHours
from apps.market.chain import BoolArray, Chain
from apps.market.forward import parity_forward
from apps.market.memory import ScanMemory
from apps.market.scan import scan as judge
from apps.market.settings import ScanSettings
from apps.market.states import SessionHours as StateHours
from apps.market.states import clock_state

_SAME_MOMENT_SECONDS: Final = 60.0
_LONGEST_YEARS: Final = 5


def register(app: typer.Typer) -> None:
    """Add `spy scan`."""

    @app.command()
    def scan(
        file: Annotated[Path, typer.Argument(help="Cboe export, Lean quote zip, or chain CSV.", show_default=False)],
        *,
        expiry: Annotated[str | None, typer.Option(help="YYYY-MM-DD; default: the first unexpired one.")] = None,
        as_of: Annotated[
            str | None,
            typer.Option(
                "--as-of",
                help="When the quotes were good, ISO with offset. Default: the file's stamp minus its delay "
                "(15 minutes for Cboe), not later than that session's option close (16:15).",
            ),
        ] = None,
        at: Annotated[str | None, typer.Option(help="HH:MM New York: the minute of a Lean zip.")] = None,
        window: Annotated[str, typer.Option(help="Percent of strikes around the forward, or `all`.")] = "2",
        as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of the tables.")] = False,
    ) -> None:
        """Find quotes out of line in a chain file, with the rules that run live.

        The forward comes from the options themselves (put-call parity), never from the stock's last price. The state
        of the session is printed and switches no rule off. A CSV needs the columns expiry, strike, right (C or P),
        bid, ask; it may have bid_size, ask_size, last, volume, open_interest, symbol, style (american or european),
        as_of, underlying_bid, underlying_ask, underlying_last. Empty means "no quote"; see docs/scan.md.

        Example: `spy scan spy_quotedata_20250516.csv --expiry 2025-05-19 --as-of 2025-05-16T16:15-04:00`
        """
        try:
            report = scan_file(file, expiry=expiry, as_of=as_of, at=at, window=window)
        except ChainFileError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        if as_json:
            typer.echo(json.dumps(report_json(report), ensure_ascii=False))
        else:
            print_table(report)


def scan_file(
    path: Path, *, expiry: str | None = None, as_of: str | None = None, at: str | None = None, window: str = "2"
) -> ScanReport:
    """Read, choose expiry and instant, scan. Raises ChainFileError, whose message is one sentence for the user."""
    width = _window(window)
    if at is not None and as_of is not None:
        raise ChainFileError("--at and --as-of both choose the instant; give one of them.")
    file = read_chain_file(path, at=at)
    moment = _moment(file, as_of)
    chosen = _expiry(file, moment, expiry)
    seconds = moment.expiry_instant(chosen) - moment.as_of
    stock_is_current = abs(moment.quoted_at - moment.as_of) <= _SAME_MOMENT_SECONDS
    whole = build_chain(file, chosen, moment.as_of, seconds, stock=stock_is_current)
    kept = _inside(whole, width)
    chain = _restrict(whole, kept)
    result = judge(chain, ScanMemory(), ScanSettings(tick=file.tick))
    return ScanReport(
        path=path,
        file=file,
        expiry=chosen,
        expiry_named=expiry is not None,
        window_percent=width,
        chain=chain,
        result=result,
        parity=parity_forward(chain.strike, chain.is_call, chain.bid, chain.ask),
        state=_state(moment, chosen),
        notes=_notes(file, moment, stock_is_current=stock_is_current, left_out=len(whole) - len(chain)),
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """The instant of the scan, in seconds since 1970; `quoted_at` is when the file's own underlying line was good."""

    as_of: float
    quoted_at: float
    calendar: ExchangeCalendar
    session: SessionHours | None

    def expiry_instant(self, expiry: date) -> float:
        try:
            return self.calendar.expiry_instant(expiry)
        except CalendarRangeError:
            raise ChainFileError(
                f"The expiry {expiry} is more than {_LONGEST_YEARS} years from the quotes; correct it or --as-of."
            ) from None
        except ValueError as error:
            raise ChainFileError(f"{error}; correct the expiry.") from error


def _moment(file: ChainFile, as_of: str | None) -> _Moment:
    stamp = file.stamp
    if as_of is None and stamp is None:
        raise ChainFileError(
            "The file does not say when its quotes were taken; give --as-of, for example 2025-05-16T16:15-04:00."
        )
    given = _instant(as_of) if as_of is not None else None
    day = (given or stamp or datetime.now(UTC)).astimezone(NEW_YORK).date()
    if not 1993 <= day.year <= 2100:
        raise ChainFileError(
            f"The quotes would be of {day}, before SPY or far ahead; correct --as-of or the file's stamp."
        )
    calendar = _calendar(day.year)
    quoted = (stamp - timedelta(minutes=file.delay_minutes)).timestamp() if stamp is not None else math.nan
    instant = given.timestamp() if given is not None else _not_after_the_close(calendar, quoted)
    if math.isnan(quoted):
        quoted = instant
    return _Moment(instant, quoted, calendar, calendar.session_at(instant))


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


def _expiry(file: ChainFile, moment: _Moment, text: str | None) -> date:
    held, odd = file.expiries, _odd_expiries(file, moment)
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


def _odd_expiries(file: ChainFile, moment: _Moment) -> dict[date, ChainFileError]:
    """Expiries of the file on which nothing can expire, with the reason."""
    odd: dict[date, ChainFileError] = {}
    for day in file.expiries:
        try:
            moment.expiry_instant(day)
        except ChainFileError as error:
            odd[day] = error
    return odd


def _window(text: str) -> float | None:
    """Percent, or None for all."""
    if text.strip().lower() == "all":
        return None
    try:
        value = float(text.strip().rstrip("%"))
    except ValueError:
        value = math.nan
    if not 0 < value <= 100:
        raise ChainFileError(f"--window is {text[:40]!r}; write a percentage from above 0 to 100, such as 2, or all.")
    return value


def _inside(chain: Chain, width: float | None) -> BoolArray:
    """Rows within `width` percent of the options' own forward; all rows when there is no forward to measure from."""
    forward = parity_forward(chain.strike, chain.is_call, chain.bid, chain.ask).value
    if width is None or not math.isfinite(forward):
        return np.ones(len(chain), dtype=bool)
    return np.asarray(np.abs(chain.strike / forward - 1) <= width / 100)


def _restrict(chain: Chain, kept: BoolArray) -> Chain:
    columns = {
        field.name: getattr(chain, field.name)[kept]
        for field in dataclasses.fields(chain)
        if isinstance(getattr(chain, field.name), np.ndarray)
    }
    return dataclasses.replace(chain, **columns)


def _state(moment: _Moment, expiry: date) -> str:
    """What the clock says of the session; a file knows nothing of halts or of a slow opening."""
    session = moment.session
    if session is None:
        return "CLOSED"
    hours = StateHours(session.open, session.close, moment.expiry_instant(expiry))
    return clock_state(hours, moment.as_of).value


def _notes(file: ChainFile, moment: _Moment, *, stock_is_current: bool, left_out: int) -> tuple[str, ...]:
    notes = [f"Left out: {error}" for error in _odd_expiries(file, moment).values()]
    if not stock_is_current and math.isfinite(file.underlying_last):
        quoted = datetime.fromtimestamp(moment.quoted_at, NEW_YORK).strftime("%Y-%m-%d %H:%M")
        notes.append(
            f"The file's last price of the underlying, {file.underlying_last:g}, is of {quoted} New York: not used."
        )
    if left_out:
        notes.append(f"{left_out} contracts outside the window were left out; --window all takes them in.")
    return tuple(notes)
