"""Lean's option minute quote zips: one CSV a contract, no header. One minute of it is one chain.

A line is: ms since midnight New York of the bar's start; bid open, high, low, close; last bid size; ask open, high,
low, close; last ask size; prices times 10,000. The chain at HH:MM holds each contract's close of the bar that ended
then, so that nothing later than HH:MM is in it.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time

from apps.cli.chain_file_rows import LARGEST_BYTES, NAN, ChainFile, ChainFileError, QuoteRow, number
from apps.market.calendar import NEW_YORK

_ENTRY = re.compile(r"^(\d{8})_([a-z0-9.]+)_minute_quote_(american|european)_(call|put)_(\d+)_(\d{8})\.csv$")
_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})$")
_SCALE = 10_000
_MINUTE_MS = 60_000
_FIELDS = 11


def read(name: str, data: bytes, at: str | None) -> ChainFile:
    """The chain at `at` (HH:MM, New York). Raises ChainFileError when it is missing, or the zip is another kind."""
    entries = _entries(name, data)
    minutes = sorted({minute for lines in entries.values() for minute in lines})
    if not minutes:
        raise ChainFileError(f"{name} holds no quote bars.")
    span = f"{_clock(minutes[0])} to {_clock(minutes[-1])}"
    if at is None:
        raise ChainFileError(f"{name} holds the minutes {span} (New York); pick one with --at HH:MM.")
    wanted = _minute(at)
    if wanted not in minutes:
        raise ChainFileError(f"{name} has no quotes at {at}; it holds the minutes {span} (New York).")
    days = {entry.group(1) for entry in entries}
    symbols = {(entry.group(2), entry.group(3)) for entry in entries}
    if len(days) > 1 or len(symbols) > 1:
        raise ChainFileError(f"{name} mixes several days or underlyings; give a zip of one.")
    symbol, style = symbols.pop()
    rows = tuple(_row(name, entry, lines.get(wanted)) for entry, lines in entries.items())
    day = _date(name, days.pop())
    stamp = datetime.combine(day, time(wanted // 60, wanted % 60), tzinfo=NEW_YORK)
    return ChainFile(
        format="Lean minute quotes",
        symbol=symbol.upper(),
        stamp=stamp,
        delay_minutes=0.0,
        rows=rows,
        american=style == "american",
        tick=0.01 if style == "american" else 0.05,
    )


def _entries(name: str, data: bytes) -> dict[re.Match[str], dict[int, list[str]]]:
    """Each contract's lines by the minute at which the bar ended."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > LARGEST_BYTES:
                raise ChainFileError(f"{name} unpacks to more than {LARGEST_BYTES / 1e6:.0f} MB; cut it to one day.")
            found = {
                match: _bars(f"{name}, {info.filename}", archive.read(info).decode("ascii"))
                for info in archive.infolist()
                if (match := _ENTRY.match(info.filename))
            }
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ChainFileError(f"{name} is a damaged or foreign zip: {error}.") from error
    if not found:
        raise ChainFileError(
            f"{name} holds no option quote bars; a Lean option zip has names like "
            "20210106_spxw_minute_quote_european_call_37000000_20210106.csv."
        )
    return found


def _bars(where: str, text: str) -> dict[int, list[str]]:
    bars: dict[int, list[str]] = {}
    for line, row in enumerate(text.splitlines(), start=1):
        fields = row.split(",")
        if len(fields) != _FIELDS or not fields[0].isdigit():
            raise ChainFileError(f"{where}, line {line}: not a quote bar of {_FIELDS} fields.")
        bars[int(fields[0]) // _MINUTE_MS + 1] = fields
    return bars


def _row(name: str, entry: re.Match[str], fields: list[str] | None) -> QuoteRow:
    values = [NAN] * 4
    if fields is not None:
        named = {"bid close": 4, "bid size": 5, "ask close": 9, "ask size": 10}
        values = [number(fields[at], where=f"{name}, {entry.group(0)}", name=label) for label, at in named.items()]
    bid, bid_size, ask, ask_size = values
    return QuoteRow(
        expiry=_date(name, entry.group(6)),
        strike=int(entry.group(5)) / _SCALE,
        is_call=entry.group(4) == "call",
        bid=bid / _SCALE,
        ask=ask / _SCALE if ask > 0 else NAN,
        bid_size=bid_size,
        ask_size=ask_size,
    )


def _date(name: str, text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ChainFileError(f"{name} names the day {text}, which does not exist.") from None


def _minute(at: str) -> int:
    match = _CLOCK.match(at)
    hours, minutes = (int(match.group(1)), int(match.group(2))) if match else (24, 0)
    if hours > 23 or minutes > 59:
        raise ChainFileError(f"--at is {at!r}; write a New York time like 11:55.")
    return hours * 60 + minutes


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
