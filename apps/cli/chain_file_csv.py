"""The documented chain CSV (docs/scan.md): one row a contract, named columns in any order."""

from __future__ import annotations

import csv
from datetime import date, datetime

from apps.cli.chain_file_rows import NAN, ChainFile, ChainFileError, QuoteRow, number

REQUIRED = ("expiry", "strike", "right", "bid", "ask")
OPTIONAL = (
    "bid_size",
    "ask_size",
    "last",
    "volume",
    "open_interest",
    "symbol",
    "style",
    "as_of",
    "underlying_bid",
    "underlying_ask",
    "underlying_last",
)
_RIGHTS = {"C": True, "CALL": True, "P": False, "PUT": False}
_STYLES = {"american": True, "european": False}


def read(name: str, text: str) -> ChainFile:
    """The rows of the file. Columns that describe the whole chain are read from its first row and must not change."""
    try:
        table = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise ChainFileError(f"{name} is not a CSV: {error}.") from error
    header = [column.strip().lower() for column in table[0]]
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        raise ChainFileError(
            f"{name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"a chain CSV needs {', '.join(REQUIRED)} (docs/scan.md)."
        )
    if len(set(header)) != len(header):
        raise ChainFileError(f"{name} names a column twice; keep one of each.")
    _refuse_misspelt(name, header)
    rows: list[QuoteRow] = []
    whole: dict[str, str] = {}
    for line, fields in enumerate(table[1:], start=2):
        if not any(field.strip() for field in fields):
            continue
        where = f"{name}, line {line}"
        if len(fields) != len(header):
            raise ChainFileError(f"{where}: {len(fields)} fields where the header has {len(header)}.")
        record = dict(zip(header, (field.strip() for field in fields), strict=True))
        rows.append(_row(where, record))
        _agree(where, record, whole)
    return ChainFile(
        format="chain CSV",
        symbol=whole.get("symbol", "").upper() or "SPY",
        stamp=_stamp(name, whole.get("as_of", "")),
        delay_minutes=0.0,
        rows=tuple(rows),
        american=_style(name, whole.get("style", "")),
        underlying_bid=_whole_number(name, whole, "underlying_bid"),
        underlying_ask=_whole_number(name, whole, "underlying_ask"),
        underlying_last=_whole_number(name, whole, "underlying_last"),
    )


def _refuse_misspelt(name: str, header: list[str]) -> None:
    """A file may have columns of its own. One of ours written otherwise would be lost in silence: say so instead."""
    ours = {column.replace("_", ""): column for column in (*REQUIRED, *OPTIONAL)}
    for column in header:
        meant = ours.get("".join(filter(str.isalpha, column)))
        if meant and column != meant:
            raise ChainFileError(f"{name} has a column {column[:40]!r}; call it {meant}, or leave it out.")


def _row(where: str, record: dict[str, str]) -> QuoteRow:
    try:
        expiry = date.fromisoformat(record["expiry"])
    except ValueError:
        raise ChainFileError(f"{where}: expiry is {record['expiry'][:40]!r}, not a date like 2025-05-19.") from None
    right = _RIGHTS.get(record["right"].upper())
    if right is None:
        raise ChainFileError(f"{where}: right is {record['right'][:40]!r}; write C or P.")
    strike = number(record["strike"], where=where, name="strike")
    if not 0 < strike <= 100_000:
        raise ChainFileError(f"{where}: the strike is {record['strike'][:40]!r}; it must be above 0 and below 100,000.")
    columns = ("bid", "ask", "bid_size", "ask_size", "last", "volume", "open_interest")
    values = {column: number(record.get(column, ""), where=where, name=column) for column in columns}
    return QuoteRow(expiry=expiry, strike=strike, is_call=right, **values)


def _agree(where: str, record: dict[str, str], whole: dict[str, str]) -> None:
    for column in ("symbol", "style", "as_of", "underlying_bid", "underlying_ask", "underlying_last"):
        value = record.get(column, "")
        if not value:
            continue
        if whole.setdefault(column, value) != value:
            raise ChainFileError(
                f"{where}: {column} is {value[:40]!r} after {whole[column][:40]!r}; a file holds one chain at one time."
            )


def _stamp(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        stamp = None
    if stamp is None or stamp.tzinfo is None:
        raise ChainFileError(f"{name}: as_of is {text[:40]!r}, not a time with an offset like 2025-05-16T16:15-04:00.")
    return stamp


def _style(name: str, text: str) -> bool:
    if not text:
        return True
    if text.lower() not in _STYLES:
        raise ChainFileError(f"{name}: style is {text[:40]!r}; write american or european.")
    return _STYLES[text.lower()]


def _whole_number(name: str, whole: dict[str, str], column: str) -> float:
    value = number(whole.get(column, ""), where=name, name=column)
    return value if value > 0 else NAN
