"""The Cboe quote page's CSV export: one row a strike, call left, put right. Its quotes are 15 minutes late."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime

from apps.cli.chain_file_rows import NAN, ChainFile, ChainFileError, QuoteRow, number
from apps.market.calendar import NEW_YORK

DELAY_MINUTES = 15.0

_COLUMNS = ("Last Sale", "Net", "Bid", "Ask", "Volume", "IV", "Delta", "Gamma", "Open Interest")
_STAMP = re.compile(r"Date: (\w+ \d{1,2}, \d{4}) at (\d{1,2}:\d{2} [AP]M) E[SD]T")
_OSI = re.compile(r"^([A-Z]{1,6})\d{6}[CP]\d{8}$")
_EUROPEAN = frozenset({"SPX", "SPXW", "XSP", "NDX", "NDXP", "RUT", "RUTW", "VIX"})


def recognises(text: str) -> bool:
    """Whether the text looks like this export."""
    return any(line.startswith("Expiration Date,Calls") for line in text.splitlines()[:8])


def read(name: str, text: str) -> ChainFile:
    """All expiries of the page. Raises ChainFileError for a missing column or a value that is not what it should be."""
    lines = text.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("Expiration Date,Calls"))
    header = next(csv.reader([lines[start]]))
    call, put = _columns(name, header, "Calls"), _columns(name, header, "Puts")
    if "Strike" not in header:
        raise ChainFileError(f"{name} lacks the column Strike; export the page again.")
    strike_at = header.index("Strike")
    preamble = lines[:start]
    rows: list[QuoteRow] = []
    symbol = ""
    for line, fields in enumerate(csv.reader(lines[start + 1 :]), start=start + 2):
        if not any(field.strip() for field in fields):
            continue
        where = f"{name}, line {line}"
        if len(fields) != len(header):
            raise ChainFileError(
                f"{where}: {len(fields)} fields where the header has {len(header)}; the file seems cut off."
            )
        expiry = _expiry(where, fields[0])
        strike = number(fields[strike_at], where=where, name="Strike")
        if not strike > 0:
            raise ChainFileError(f"{where}: the strike is {fields[strike_at].strip()!r}; it must be above 0.")
        symbol = symbol or _root(where, fields[1])
        rows.append(_row(where, fields, call, expiry=expiry, strike=strike, is_call=True))
        rows.append(_row(where, fields, put, expiry=expiry, strike=strike, is_call=False))
    european = symbol in _EUROPEAN
    return ChainFile(
        format="Cboe quote page export",
        symbol=symbol,
        stamp=_stamp(name, preamble),
        delay_minutes=DELAY_MINUTES,
        rows=tuple(rows),
        american=not european,
        tick=0.05 if european else 0.01,
        underlying_bid=_labelled(preamble, "Bid"),
        underlying_ask=_labelled(preamble, "Ask"),
        underlying_last=_labelled(preamble, "Last"),
    )


def _columns(name: str, header: list[str], side: str) -> dict[str, int]:
    """Position of each column of one side: those after its title, up to the next title."""
    if side not in header:
        raise ChainFileError(f"{name} lacks the column {side}; export the page again.")
    first = header.index(side)
    found: dict[str, int] = {}
    for column in _COLUMNS:
        try:
            found[column] = header.index(column, first)
        except ValueError:
            raise ChainFileError(
                f"{name} lacks the column {column} of the {side.lower()}; export the page again."
            ) from None
        if found[column] > first + len(_COLUMNS):
            raise ChainFileError(f"{name} lacks the column {column} of the {side.lower()}; export the page again.")
    return found


def _row(
    where: str, fields: list[str], columns: dict[str, int], *, expiry: date, strike: float, is_call: bool
) -> QuoteRow:
    side = "call" if is_call else "put"
    values = {
        column: number(fields[columns[column]], where=where, name=f"{column} of the {side}")
        for column in ("Last Sale", "Bid", "Ask", "Volume", "Open Interest")
    }
    # The page writes 0 for an ask that does not exist; a zero bid is a real one.
    ask = values["Ask"] if values["Ask"] > 0 else NAN
    return QuoteRow(
        expiry=expiry,
        strike=strike,
        is_call=is_call,
        bid=values["Bid"],
        ask=ask,
        last=values["Last Sale"] if values["Last Sale"] > 0 else NAN,
        volume=values["Volume"],
        open_interest=values["Open Interest"],
    )


def _expiry(where: str, text: str) -> date:
    try:
        return datetime.strptime(text.strip(), "%a %b %d %Y").replace(tzinfo=NEW_YORK).date()
    except ValueError:
        raise ChainFileError(
            f"{where}: the expiration date is {text.strip()[:40]!r}, not like 'Mon May 19 2025'."
        ) from None


def _root(where: str, text: str) -> str:
    match = _OSI.match(text.strip().replace(" ", ""))
    if not match:
        raise ChainFileError(f"{where}: {text.strip()[:40]!r} is not an option symbol like SPY250519C00594000.")
    return match.group(1)


def _stamp(name: str, preamble: list[str]) -> datetime | None:
    match = _STAMP.search("\n".join(preamble))
    if not match:
        return None
    try:
        stamp = datetime.strptime(" ".join(match.groups()), "%B %d, %Y %I:%M %p").replace(tzinfo=NEW_YORK)
    except ValueError:
        raise ChainFileError(f"{name} has the stamp {match.group(0)!r}, which is no date.") from None
    return stamp


def _labelled(preamble: list[str], label: str) -> float:
    match = re.search(rf"\b{label}: ([\d,]*\.?\d+)", "\n".join(preamble))
    value = float(match.group(1).replace(",", "")) if match else NAN
    return value if value > 0 else NAN
