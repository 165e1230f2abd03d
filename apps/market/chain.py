"""The chain as the mathematics sees it: one expiry of one underlying at one instant, as arrays. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Underlying:
    """The stock's (or derived index line's) quote. Dollars; NaN when unknown; `*_time` in market seconds since 1970."""

    bid: float
    ask: float
    last: float
    bid_time: float
    ask_time: float
    derived: bool = False
    """True when the line is itself a parity forward (spxw-replay): PARITY against it proves nothing and is off."""
    volume: float = float("nan")
    """The day's volume, shares."""
    previous_close: float = float("nan")
    """Close of the session before, as the broker's tick 9 says."""

    @property
    def mid(self) -> float:
        """Midpoint, dollars; NaN when a side is missing."""
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class Chain:
    """Arrays of shape (n,), one row a contract, any order, each (strike, right) at most once.

    Units: prices in dollars per share with NaN for "no quote" (IB's -1); a bid of 0.0 is a real zero bid; sizes in
    contracts, NaN unknown; times in market seconds since 1970, our own receive time per side, -inf before the first;
    `updates` counts distinct changes of a quote (either side) since subscription; exchanges are small integer codes
    (bit masks) or 0 when unknown. `stale` is set by the feed for lines or farms it knows to be degraded.
    """

    symbol: str
    trading_class: str
    expiry: date
    market_time: float
    seconds_to_expiry: float
    strike: Array
    is_call: BoolArray
    bid: Array
    ask: Array
    bid_size: Array
    ask_size: Array
    last: Array
    volume: Array
    open_interest: Array
    bid_time: Array
    ask_time: Array
    updates: IntArray
    bid_exchange: IntArray
    ask_exchange: IntArray
    halted: BoolArray
    stale: BoolArray
    underlying: Underlying
    american: bool = True
    last_packet_time: float = float("-inf")
    """Market time of the newest packet of the whole chain."""
    delayed: BoolArray | None = None
    """Rows whose line the broker serves late; None where nobody says. Shown, and never part of a judgement."""

    def __len__(self) -> int:
        """How many contracts."""
        return int(self.strike.size)
