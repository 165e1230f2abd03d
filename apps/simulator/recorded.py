"""A recorded day behind the World seam: what `spy record` wrote, tick by tick. Adds nothing to it.

The file is read as the market time goes on, so that a long day costs no start-up time and no memory.
"""

from __future__ import annotations

import gzip
import json
import logging
import math
import zlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from apps.contracts.enums import OptionType, Source
from apps.contracts.recording import RecordingHeader
from apps.simulator.modelled import SPY_CON_ID, option_listings
from apps.simulator.spxw_replay import SPX_CON_ID
from apps.simulator.world import Bar, Board, Listing, Session, TimedFault

Array = npt.NDArray[np.float64]
log = logging.getLogger(__name__)

COLUMNS = {1: "bid", 0: "bid_size", 2: "ask", 3: "ask_size", 4: "last", 5: "last_size", 8: "volume"}
OPEN_INTEREST = {27, 28}
HALTED = 49
UNDERLYING = -1
BAR_SECONDS = 60


class RecordingError(ValueError):
    """The file is no recording this version can replay; one sentence says why."""


def read_header(path: Path) -> RecordingHeader:
    """The first line. Raises RecordingError."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            line = file.readline()
    except FileNotFoundError as error:
        raise RecordingError(f"There is no recording at {path}.") from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise RecordingError(f"{path.name} is not a recording: it cannot be unpacked ({error}).") from error
    try:
        return RecordingHeader.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "its first line"
        raise RecordingError(f"{path.name} is not a recording of version 1: {where}: {first['msg']}.") from error


def session_of(header: RecordingHeader) -> Session:
    """The exchange's hours of the recorded day, half-days included. Raises RecordingError when it was closed."""
    import exchange_calendars  # noqa: PLC0415  a third of a second that only recorded days need
    import pandas as pd  # noqa: PLC0415

    day = date.fromisoformat(header.session)
    label = pd.Timestamp(day)
    calendar = exchange_calendars.get_calendar(
        "XNYS", start=label - pd.Timedelta(days=10), end=label + pd.Timedelta(days=10)
    )
    if not calendar.is_session(label):
        raise RecordingError(f"The recording says {day}, on which the exchange was closed.")
    opened, closed = calendar.session_open(label).timestamp(), calendar.session_close(label).timestamp()
    return Session(day, opened, closed, closed + 15 * 60, header.started_at.timestamp(), float("nan"))


def _listings(header: RecordingHeader) -> tuple[Listing, ...]:
    listings = []
    for contract in header.contracts:
        expiry = date.fromisoformat(contract.expiry)
        right = "C" if contract.option_type is OptionType.CALL else "P"
        both = option_listings(header.symbol, header.trading_class, expiry, [contract.strike])
        listings.append(next(listing for listing in both if listing.right == right))
    if len({listing.local_symbol for listing in listings}) < len(listings):
        raise RecordingError("The recording names one contract twice.")
    return tuple(listings)


class _State:
    """Everything last told, by row; the last row is the underlying."""

    def __init__(self, rows: int) -> None:
        self.columns: dict[str, Array] = {name: np.full(rows + 1, np.nan) for name in COLUMNS.values()}
        self.open_interest = np.full(rows + 1, np.nan)
        self.halted = np.zeros(rows + 1, dtype=np.bool_)
        self.bars: dict[tuple[int, int], list[float]] = {}

    def take(self, at: float, row: int, tick_type: int, value: float) -> bool:
        """One tick; False when its type is unknown or its value impossible."""
        if not math.isfinite(value):
            return False
        if tick_type in COLUMNS:
            name = COLUMNS[tick_type]
            self.columns[name][row] = np.nan if value < 0 else value
            if name in {"bid", "ask"}:
                self._bar(at, row)
        elif tick_type in OPEN_INTEREST:
            self.open_interest[row] = value
        elif tick_type == HALTED:
            self.halted[row] = value > 0
        else:
            return False
        return True

    def _bar(self, at: float, row: int) -> None:
        price = float(self.columns["bid"][row] + self.columns["ask"][row]) / 2
        if math.isnan(price):
            return
        bar = self.bars.setdefault((row, int(at // BAR_SECONDS)), [price, price, price, price])
        bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price


class RecordedWorld:
    """World of a recorded day. See apps/simulator/world.py for every property."""

    faults: tuple[TimedFault, ...] = ()

    def __init__(self, name: str, path: Path) -> None:
        """Raises RecordingError when the header or the first tick cannot be read."""
        header = read_header(path)
        self.name, self._path = name, path
        self.symbol = header.symbol
        # Whoever replays must see that a recording of a simulated gateway was never a market.
        origin = () if header.source is Source.LIVE else (header.source.value.upper(),)
        self.labels = tuple(dict.fromkeys((*header.labels, "RECORDED", *origin)))
        self.session = session_of(header)
        self.listings = _listings(header)
        index = header.symbol in {"SPX", "XSP"}
        self.underlying_sec_type = "IND" if index else "STK"
        self.underlying_con_id = SPX_CON_ID if index else SPY_CON_ID
        self.tick_rule: tuple[tuple[float, float], ...] = (
            ((0.0, 0.05), (3.0, 0.10)) if header.symbol == "SPX" else ((0.0, 0.01),)
        )
        self.refused = 0
        """Lines that could not be used; the rest of the day still plays."""
        self._start_over()
        if self._pending is None:
            raise RecordingError(f"{path.name} holds no ticks.")

    def _start_over(self) -> None:
        self._state = _State(len(self.listings))
        self._lines = self._ticks()
        self._reached = -math.inf
        self._pending = next(self._lines, None)

    def _ticks(self) -> Iterator[tuple[float, int, int, float]]:
        rows, previous = len(self.listings), -math.inf
        self.refused = 0
        with gzip.open(self._path, "rt", encoding="utf-8") as file:
            lines = iter(file)
            next(lines)
            while True:
                try:
                    line = next(lines)
                except StopIteration:
                    return
                except (EOFError, OSError, zlib.error, UnicodeDecodeError) as error:
                    # A recorder that was killed leaves half a block behind: what is whole still plays.
                    self.refused += 1
                    log.warning("recording ends early: %s", error)
                    return
                tick = _tick(line, rows)
                if tick is None or tick[0] < previous:
                    self.refused += 1
                    continue
                previous = tick[0]
                yield tick

    def board(self, market_time: float) -> Board:
        """What had been told by `market_time`. Going back reads the file again from its start."""
        if market_time < self._reached:
            self._start_over()
        self._reached = market_time
        while self._pending is not None and self._pending[0] <= market_time:
            if not self._state.take(*self._pending):
                self.refused += 1
            self._pending = next(self._lines, None)
        return self._board()

    def _board(self) -> Board:
        state, rows = self._state, len(self.listings)
        nothing = np.full(rows, np.nan)
        column = {name: values[:rows].copy() for name, values in state.columns.items()}
        underlying = {name: float(values[rows]) for name, values in state.columns.items()}
        return Board(
            bid=column["bid"],
            ask=column["ask"],
            bid_size=column["bid_size"],
            ask_size=column["ask_size"],
            last=column["last"],
            last_size=column["last_size"],
            volume=column["volume"],
            open_interest=state.open_interest[:rows].copy(),
            model_vol=nothing,
            model_delta=nothing,
            model_gamma=nothing,
            model_vega=nothing,
            model_theta=nothing,
            model_price=nothing,
            halted=state.halted[:rows] | state.halted[rows],
            frozen=np.zeros(rows, dtype=np.bool_),
            underlying_bid=underlying["bid"],
            underlying_ask=underlying["ask"],
            underlying_bid_size=underlying["bid_size"],
            underlying_ask_size=underlying["ask_size"],
            underlying_last=underlying["last"],
            underlying_volume=underlying["volume"],
        )

    def bars(self, row: int | None, end: float, seconds: float, bar_seconds: float) -> Sequence[Bar]:
        """Bars of quote midpoints, whole minutes at least, of what has been played so far. Without volume."""
        line = len(self.listings) if row is None else row
        width = max(1, round(bar_seconds / BAR_SECONDS))
        grouped: dict[int, list[list[float]]] = {}
        for (owner, minute), bar in sorted(self._state.bars.items()):
            if owner == line and end - seconds <= minute * BAR_SECONDS < end:
                grouped.setdefault(minute - minute % width, []).append(bar)
        return [
            Bar(
                float(minute * BAR_SECONDS),
                group[0][0],
                max(bar[1] for bar in group),
                min(bar[2] for bar in group),
                group[-1][3],
                0.0,
            )
            for minute, group in grouped.items()
        ]


def _tick(line: str, rows: int) -> tuple[float, int, int, float] | None:
    """Market seconds, row (the underlying's is `rows`), tick type and value; None for anything else."""
    try:
        parts = json.loads(line)
        at, row, tick_type, value = float(parts[0]) / 1000, int(parts[1]), int(parts[2]), float(parts[3])
    except (ValueError, TypeError, IndexError, KeyError, OverflowError):
        return None
    if len(parts) != 4 or not UNDERLYING <= row < rows:
        return None
    return at, row if row >= 0 else rows, tick_type, value
