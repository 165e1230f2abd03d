"""The seam between the wire and the market days: what exists, and what is quoted at an instant of market time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Listing:
    """One option that exists. `con_id` is stable; `local_symbol` is the 21-character OSI form."""

    con_id: int
    symbol: str
    trading_class: str
    expiry: date
    strike: float
    right: str
    """"C" or "P"."""
    local_symbol: str


@dataclass(frozen=True, slots=True)
class Session:
    """The simulated day. Times in market seconds since 1970 (UTC)."""

    day: date
    open: float
    close: float
    option_cutoff: float
    start: float
    """Where the scenario's clock starts."""
    previous_close: float


@dataclass(slots=True)
class Board:
    """Everything quoted at one instant. Option arrays have shape (n,), rows as `World.listings`.

    Dollars per share; NaN = no quote (the wire says -1); sizes in contracts. `frozen` rows send nothing at all;
    the underlying is a scalar line of its own.
    """

    bid: Array
    ask: Array
    bid_size: Array
    ask_size: Array
    last: Array
    last_size: Array
    volume: Array
    open_interest: Array
    model_vol: Array
    model_delta: Array
    model_gamma: Array
    model_vega: Array
    model_theta: Array
    model_price: Array
    halted: npt.NDArray[np.bool_]
    frozen: npt.NDArray[np.bool_]
    underlying_bid: float
    underlying_ask: float
    underlying_bid_size: float
    underlying_ask_size: float
    underlying_last: float
    underlying_volume: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One historical bar of the underlying or an option; `time` in market seconds since 1970."""

    time: float
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class TimedFault:
    """A fault the scenario asks the gateway (or, for channel_drop, the backend) to perform, in market seconds."""

    what: str
    at: float
    seconds: float | None
    parameters: dict[str, float | str | bool | None]


class World(Protocol):
    """A market day. Deterministic for one number: the same calls give the same boards, whatever their rhythm."""

    @property
    def name(self) -> str:
        """The scenario's name."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Honest origin labels, such as CALIBRATED, ASSUMED-SIZES, DERIVED."""
        ...

    @property
    def symbol(self) -> str:
        """Underlying symbol, such as SPY."""
        ...

    @property
    def underlying_sec_type(self) -> str:
        """STK for SPY, IND for SPX."""
        ...

    @property
    def underlying_con_id(self) -> int:
        """756733 for SPY."""
        ...

    @property
    def tick_rule(self) -> tuple[tuple[float, float], ...]:
        """((from price, tick), ...) ascending: ((0, 0.01),) for SPY; ((0, 0.05), (3, 0.10)) for SPXW."""
        ...

    @property
    def session(self) -> Session:
        """The day and its times."""
        ...

    @property
    def listings(self) -> Sequence[Listing]:
        """Every option that exists, rows of the board."""
        ...

    @property
    def faults(self) -> Sequence[TimedFault]:
        """What the scenario breaks, and when."""
        ...

    def board(self, market_time: float) -> Board:
        """Quotes at `market_time` (market seconds since 1970), clamped to the day."""
        ...

    def bars(self, row: int | None, end: float, seconds: float, bar_seconds: float) -> Sequence[Bar]:
        """Bars of `seconds` up to `end`; `row` None is the underlying."""
        ...
