"""Writes a day of quotes as they come, in the format of apps/contracts/recording. Never alters a quote."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterable
from datetime import datetime
from math import isnan, nan
from pathlib import Path
from typing import IO, Final

from apps.broker.book import QuoteBook
from apps.broker.columns import UNDERLYING, LineState, OptionKey
from apps.broker.discovery import Listed
from apps.broker.feed import Packet
from apps.contracts.enums import OptionType, Source
from apps.contracts.recording import RecordedContract, RecordedTick, RecordingHeader

FLUSH_SECONDS: Final = 1.0
"""A killed recording loses at most this much."""

CONTRACTS_MAX: Final = 1000
UNKNOWN: Final = LineState(nan, nan, nan, nan, nan, nan, nan, halted=False)


def recording_header(
    listed: Listed, spot: float, *, symbol: str, trading_class: str, source: Source, started_at: datetime
) -> RecordingHeader:
    """The first line: every listed contract of the expiry (the thousand nearest to spot), rows in this order."""
    nearest = sorted(listed.contracts, key=lambda key: (abs(key.strike - spot), key.strike, key.is_call))
    return RecordingHeader(
        symbol=symbol,
        trading_class=trading_class,
        session=listed.expiry.isoformat(),
        source=source,
        started_at=started_at,
        contracts=tuple(
            RecordedContract(
                expiry=listed.expiry.isoformat(),
                strike=key.strike,
                option_type=OptionType.CALL if key.is_call else OptionType.PUT,
            )
            for key in nearest[:CONTRACTS_MAX]
        ),
    )


class Recorder:
    """An open recording. Every whole line already flushed stays readable whatever happens next."""

    def __init__(self, path: Path, header: RecordingHeader) -> None:
        """Create the file. Raises FileExistsError, and OSError for a folder that cannot be written."""
        self._raw: IO[bytes] = path.open("xb")
        self._file = gzip.GzipFile(fileobj=self._raw, mode="wb", compresslevel=6, mtime=0)
        self._file.write(header.model_dump_json().encode() + b"\n")
        self._index = {
            OptionKey(contract.strike, is_call=contract.option_type is OptionType.CALL): number
            for number, contract in enumerate(header.contracts)
        }
        self._written: dict[int, LineState] = {}
        self._generation = -1
        self._newest_ms = 0
        self._flushed_at = time.monotonic()
        self.ticks = 0
        self.dropped = 0
        """Ticks of contracts beyond the header's thousand."""
        self.flush()

    @property
    def bytes_written(self) -> int:
        """Compressed size so far."""
        return self._raw.tell()

    def take(self, packet: Packet, book: QuoteBook) -> None:
        """Write what a packet changed. After a change of rows (recentring, reconnect) all lines are compared."""
        if book.generation != self._generation:
            self._generation = book.generation
            self._compare(packet.market_time, book, range(len(book.keys)))
            present = {self._index.get(key) for key in book.keys}
            for row in [row for row in self._written if row not in present and row != UNDERLYING]:
                self._write(packet.market_time, row, UNKNOWN, is_call=True)
        self._compare(packet.market_time, book, packet.rows)
        if packet.underlying_changed:
            self._write(packet.market_time, UNDERLYING, book.line(UNDERLYING), is_call=True)
        if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """All lines so far reach the file."""
        self._file.flush()
        self._raw.flush()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Finish the file."""
        try:
            self._file.close()
        finally:
            self._raw.close()

    def _compare(self, market_time: float, book: QuoteBook, rows: Iterable[int]) -> None:
        for row in rows:
            key = book.keys[row]
            number = self._index.get(key)
            if number is None:
                self.dropped += 1
            else:
                self._write(market_time, number, book.line(row), is_call=key.is_call)

    def _write(self, market_time: float, row: int, now: LineState, *, is_call: bool) -> None:
        before = self._written.get(row, UNKNOWN)
        if now == before:
            return
        self._written[row] = now
        self._newest_ms = max(self._newest_ms, round(market_time * 1000))
        for tick_type, value in _ticks(before, now, is_call=is_call):
            tick = RecordedTick(self._newest_ms, row, tick_type, value)
            self._file.write(json.dumps(tick, separators=(",", ":")).encode() + b"\n")
            self.ticks += 1


def _ticks(before: LineState, now: LineState, *, is_call: bool) -> list[tuple[int, float]]:
    """The tick types that differ. An unknown bid or ask is -1, an unknown size 0; other unknowns say nothing."""
    ticks: list[tuple[int, float]] = []
    for tick_type, old, new, unknown in (
        (1, before.bid, now.bid, -1.0),
        (0, before.bid_size, now.bid_size, 0.0),
        (2, before.ask, now.ask, -1.0),
        (3, before.ask_size, now.ask_size, 0.0),
        (4, before.last, now.last, None),
        (8, before.volume, now.volume, None),
        (27 if is_call else 28, before.open_interest, now.open_interest, None),
        (49, float(before.halted), float(now.halted), None),
    ):
        if old == new or (isnan(old) and isnan(new)):
            continue
        if not isnan(new):
            ticks.append((tick_type, new))
        elif unknown is not None:
            ticks.append((tick_type, unknown))
    return ticks
