"""Option chains in files: which format it is, and the rows of one expiry at one instant. Never judges a quote.

Formats: the Cboe quote page's export, Lean's minute quote zips, and the CSV described in docs/scan.md. A file that is
none of them, or broken, is a ChainFileError whose one sentence says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from apps.cli import chain_file_cboe, chain_file_csv, chain_file_lean
from apps.cli.chain_file_rows import LARGEST_BYTES, NAN, ChainFile, ChainFileError
from apps.market.chain import Array, Chain, Underlying

MOST_CONTRACTS: Final = 100_000


def read_chain_file(path: Path, *, at: str | None = None) -> ChainFile:
    """Recognise and read a chain file. `at` (HH:MM, New York) picks the minute of a Lean zip.

    Raises ChainFileError for a file that is missing, empty, huge, binary, not a chain, or has a wrong value in it.
    """
    data = _content(path)
    if data[:4] == b"PK\x03\x04":
        return _checked(path, chain_file_lean.read(path.name, data, at))
    if at is not None:
        raise ChainFileError("--at picks a minute of a Lean zip; this file holds one chain, so leave it out.")
    text = _text(path, data)
    if text.lstrip()[:1] in {"[", "{"}:
        raise ChainFileError(_not_a_chain(path, text))
    reader = chain_file_cboe if chain_file_cboe.recognises(text) else chain_file_csv
    return _checked(path, reader.read(path.name, text))


def build_chain(file: ChainFile, expiry: date, as_of: float, seconds_to_expiry: float, *, stock: bool) -> Chain:
    """The file's rows of one expiry as a Chain at `as_of` (seconds since 1970), every quote taken as of that instant.

    `stock` False leaves the underlying unknown: its line in the file is of another time than the options.
    """
    rows = [row for row in file.rows if row.expiry == expiry]
    n = len(rows)
    times = np.full(n, as_of)
    zeros = np.zeros(n, dtype=np.int64)
    known = (file.underlying_bid, file.underlying_ask, file.underlying_last) if stock else (NAN, NAN, NAN)
    return Chain(
        symbol=file.symbol,
        trading_class=file.symbol,
        expiry=expiry,
        market_time=as_of,
        seconds_to_expiry=seconds_to_expiry,
        strike=_column([row.strike for row in rows]),
        is_call=np.array([row.is_call for row in rows], dtype=bool),
        bid=_column([row.bid for row in rows]),
        ask=_column([row.ask for row in rows]),
        bid_size=_column([row.bid_size for row in rows]),
        ask_size=_column([row.ask_size for row in rows]),
        last=_column([row.last for row in rows]),
        volume=_column([row.volume for row in rows]),
        open_interest=_column([row.open_interest for row in rows]),
        bid_time=times,
        ask_time=times,
        updates=np.ones(n, dtype=np.int64),
        bid_exchange=zeros,
        ask_exchange=zeros,
        halted=np.zeros(n, dtype=bool),
        stale=np.zeros(n, dtype=bool),
        underlying=Underlying(bid=known[0], ask=known[1], last=known[2], bid_time=as_of, ask_time=as_of),
        american=file.american,
        last_packet_time=as_of,
    )


def _column(values: Sequence[float]) -> Array:
    return np.array(values, dtype=float)


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise ChainFileError(f"{path} is a folder; give one chain file.")
        if size > LARGEST_BYTES:
            raise ChainFileError(
                f"{path} has {size / 1e6:,.0f} MB, more than the {LARGEST_BYTES / 1e6:.0f} MB a chain file may have; "
                "cut it to one day."
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise ChainFileError(f"{path} does not exist; check the name.") from None
    except OSError as error:
        raise ChainFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not data.strip():
        raise ChainFileError(f"{path} is empty.")
    return data


def _text(path: Path, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ChainFileError(
            f"{path} is a binary file of an unknown kind; give a Cboe export, a Lean quote zip or a CSV (docs/scan.md)."
        )
    return text


def _not_a_chain(path: Path, text: str) -> str:
    if '"RowKey"' in text or '"expected_price"' in text:
        return f"{path} holds stored anomaly records, not an option chain; there are no quotes of a chain to scan."
    return f"{path} is JSON, not an option chain; give a Cboe export, a Lean quote zip or a CSV (docs/scan.md)."


def _checked(path: Path, file: ChainFile) -> ChainFile:
    if not file.rows:
        raise ChainFileError(f"{path} holds no option contracts.")
    if len(file.rows) > MOST_CONTRACTS:
        raise ChainFileError(
            f"{path} holds {len(file.rows):,} contracts, more than {MOST_CONTRACTS:,}; cut it to one day."
        )
    seen: set[tuple[date, float, bool]] = set()
    for row in file.rows:
        key = (row.expiry, row.strike, row.is_call)
        if key in seen:
            right = "call" if row.is_call else "put"
            raise ChainFileError(
                f"{path} has the {row.strike:g} {right} of {row.expiry} twice; keep one row a contract and one instant."
            )
        seen.add(key)
    return file
