"""One instant of the market as the wire may show it, and who is due for it. Never knows a client."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from apps.simulator.faults import Active, FaultBoard
from apps.simulator.universe import Universe, tick_at
from apps.simulator.world import Array, Board

Rows = npt.NDArray[np.intp]
Phases = npt.NDArray[np.int64]

OPTION_BEATS = 10
"""An option is sampled every 100 ms of wall time, at a phase of its own."""

UNDERLYING_BEATS = 25
"""The underlying every 250 ms."""

GREEK_ROUNDS = 10
"""Model greeks go with one sample in ten of a line: once a second."""

NOTHING = np.inf
"""In a sample: nothing is known, so nothing is sent. Equal to itself, unlike NaN."""


class Column(IntEnum):
    """Rows of a sample's quote matrix."""

    BID = 0
    ASK = 1
    BID_SIZE = 2
    ASK_SIZE = 3
    LAST = 4
    LAST_SIZE = 5
    VOLUME = 6
    OPEN_INTEREST = 7
    HALTED = 8


COLUMNS = len(Column)


class Greek(IntEnum):
    """Rows of a sample's greek matrix."""

    VOL = 0
    DELTA = 1
    GAMMA = 2
    VEGA = 3
    THETA = 4
    PRICE = 5


NOT_COMPUTED = {Greek.VOL: -1.0, Greek.PRICE: -1.0} | dict.fromkeys(
    (Greek.DELTA, Greek.GAMMA, Greek.VEGA, Greek.THETA), -2.0
)
"""The broker's marks for a greek it has not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`quotes` (9, n) and `greeks` (6, n) over the option rows; prices -1 where there is no quote."""

    market_time: float
    quotes: Array
    greeks: Array
    sendable: npt.NDArray[np.bool_]
    underlying: tuple[float, float, float, float, float, float]
    """bid, ask, bid size, ask size, last, volume."""
    underlying_sendable: bool


def sample(
    board: Board, market_time: float, universe: Universe, faults: FaultBoard, previous: Sample | None = None
) -> Sample:
    """What the wire may show of `board`, with the faults that hold now put in; `previous` is what a halt keeps."""
    bid_gone, ask_gone = np.isnan(board.bid), np.isnan(board.ask)
    quotes = np.empty((COLUMNS, board.bid.size))
    quotes[Column.BID] = np.where(bid_gone, -1.0, np.round(board.bid, 4))
    quotes[Column.ASK] = np.where(ask_gone, -1.0, np.round(board.ask, 4))
    quotes[Column.BID_SIZE] = np.where(bid_gone, 0.0, np.nan_to_num(board.bid_size))
    quotes[Column.ASK_SIZE] = np.where(ask_gone, 0.0, np.nan_to_num(board.ask_size))
    quotes[Column.LAST] = np.round(board.last, 4)
    quotes[Column.LAST_SIZE] = board.last_size
    quotes[Column.VOLUME] = board.volume
    quotes[Column.OPEN_INTEREST] = board.open_interest
    quotes[Column.HALTED] = board.halted
    quotes[np.isnan(quotes)] = NOTHING
    greeks = np.vstack(
        [board.model_vol, board.model_delta, board.model_gamma, board.model_vega, board.model_theta, board.model_price]
    )
    for greek, row in zip(Greek, greeks, strict=True):
        row[np.isnan(row)] = NOT_COMPUTED[greek]
    underlying = (
        board.underlying_bid,
        board.underlying_ask,
        float(np.nan_to_num(board.underlying_bid_size)),
        float(np.nan_to_num(board.underlying_ask_size)),
        board.underlying_last,
        board.underlying_volume,
    )
    taken = Sample(
        market_time=market_time,
        quotes=quotes,
        greeks=np.round(greeks, 8),
        sendable=~board.frozen,
        underlying=tuple(round(value, 4) for value in underlying),  # type: ignore[arg-type]  # six in, six out
        underlying_sendable=True,
    )
    return _break(taken, universe, faults, previous) if faults.all_active else taken


def phases(count: int, number: int) -> tuple[Phases, Phases, int]:
    """Each option's phase within 100 ms (in beats) and greek round, and the underlying's phase within 250 ms."""
    random = np.random.default_rng([number, 0x51A])
    return (
        random.integers(0, OPTION_BEATS, count),
        random.integers(0, GREEK_ROUNDS, count),
        int(random.integers(0, UNDERLYING_BEATS)),
    )


def touched(fault: Active, universe: Universe) -> Rows:
    """Board rows of the lines a fault is about."""
    return np.array([item.row for item in universe.options if fault.touches(item.strike, item.right)], dtype=np.intp)


def whole_chain(fault: Active) -> bool:
    """Whether a fault is about every line, the underlying included."""
    return fault.number("strike") is None and not fault.text("right")


def _break(taken: Sample, universe: Universe, faults: FaultBoard, previous: Sample | None) -> Sample:
    if faults.active("servers_lost") or any(f.text("farm") == "market" for f in faults.active("farm_down")):
        return replace(taken, sendable=np.zeros_like(taken.sendable), underlying_sendable=False)
    quotes, greeks, sendable = taken.quotes, taken.greeks, taken.sendable
    underlying_sendable = True
    for fault in faults.active("frozen_feed"):
        sendable[touched(fault, universe)] = False
        underlying_sendable = underlying_sendable and not whole_chain(fault)
    for fault in faults.active("no_quotes"):
        _no_quotes(quotes, touched(fault, universe), fault.text("side"))
    for fault in faults.active("crossed_quotes"):
        _cross(quotes, touched(fault, universe), universe.world.tick_rule)
    for fault in faults.active("bad_greeks"):
        rows = touched(fault, universe)
        for greek in Greek:
            greeks[greek, rows] = np.nan if fault.text("form") == "nan" else NOT_COMPUTED[greek]
    for fault in faults.active("trading_halt"):
        rows = touched(fault, universe)
        if previous is not None:
            quotes[:, rows] = previous.quotes[:, rows]
        quotes[Column.HALTED, rows] = 1.0
    return replace(taken, underlying_sendable=underlying_sendable)


def _no_quotes(quotes: Array, rows: Rows, side: str) -> None:
    for wanted, price, size in (("bid", Column.BID, Column.BID_SIZE), ("ask", Column.ASK, Column.ASK_SIZE)):
        if side in {wanted, "both"}:
            quotes[price, rows] = -1.0
            quotes[size, rows] = 0.0


def _cross(quotes: Array, rows: Rows, rule: tuple[tuple[float, float], ...]) -> None:
    for row in rows:
        bid, ask = quotes[Column.BID, row], quotes[Column.ASK, row]
        if bid > 0 and ask > 0:
            # A locked quote only swaps; a tick more makes it crossed too.
            quotes[Column.BID, row] = round(max(bid, ask) + tick_at(rule, ask), 4)
            quotes[Column.ASK, row] = round(min(bid, ask), 4)
