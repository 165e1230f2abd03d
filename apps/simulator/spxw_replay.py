"""The replayed day: two strikes of SPXW on 6 January 2021 as the file has them. Invents no strike, size or level.

A minute bar tells its quotes at its start and at its end, and the extremes between without saying when. So each
minute starts at its opening quotes and walks in a straight line to its closing quotes, all legs together, in steps of
two seconds on ticks: bids rounded down, asks up, so that no step is better than the file's own quotes. What crosses at
neither end of a minute then crosses nowhere inside. The underlying line is derived from the options by parity. The
labels say both: STEPPED, DERIVED.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

from apps.simulator.day_files import SPXW_STRIKES, MinuteQuotes, read_spxw
from apps.simulator.modelled import option_listings
from apps.simulator.pricing import greeks, implied_total_sd
from apps.simulator.world import Bar, Board, Session, TimedFault

Array = npt.NDArray[np.float64]

DAY = date(2021, 1, 6)
EXPIRY = "20210106"
MIDNIGHT = datetime(2021, 1, 6, 5, 0, tzinfo=UTC).timestamp()
"""Midnight in New York, which was on standard time."""
OPEN = MIDNIGHT + 9.5 * 3600
CLOSE = MIDNIGHT + 16 * 3600
CUTOFF = MIDNIGHT + 16.25 * 3600
STEP_SECONDS = 2.0
STEPS_PER_MINUTE = int(60 / STEP_SECONDS)
STEPS = int((CUTOFF - OPEN) / STEP_SECONDS)
LABELS = ("REPLAY", "STEPPED", "DERIVED")
TICK_RULE = ((0.0, 0.05), (3.0, 0.10))
SPX_CON_ID = 416904
RIGHTS = ("C", "P")


def walked(opened: Array, closed: Array, *, up: bool) -> Array:
    """From opening to closing prices (m,) in a straight line on ticks, shape (m, steps a minute); `up` rounds up.

    Where one end is missing the other holds for its own half of the minute.
    """
    share = np.linspace(0, 1, STEPS_PER_MINUTE)
    line = opened[:, None] + (closed - opened)[:, None] * share
    tick = np.where(line < TICK_RULE[1][0], TICK_RULE[0][1], TICK_RULE[1][1])
    on_tick = np.round((np.ceil(line / tick - 1e-9) if up else np.floor(line / tick + 1e-9)) * tick, 2)
    on_tick[:, 0], on_tick[:, -1] = opened, closed
    halves = np.where(share < 0.5, opened[:, None], closed[:, None])
    return np.where(np.isnan(line), halves, on_tick)


def stepped(quotes: MinuteQuotes) -> Array:
    """Bid, ask and their sizes every step from the open, shape (4, steps); held over minutes without a bar.

    NaN before the first bar and for a side the file leaves empty.
    """
    table = np.full((4, STEPS), np.nan)
    known = np.zeros(STEPS, dtype=np.bool_)
    first = np.round((quotes.time + MIDNIGHT - OPEN) / STEP_SECONDS).astype(np.int64)
    at = first[:, None] + np.arange(STEPS_PER_MINUTE)
    table[0, at] = walked(quotes.bid_open, quotes.bid, up=False)
    table[1, at] = walked(quotes.ask_open, quotes.ask, up=True)
    table[2, at], table[3, at] = quotes.bid_size[:, None], quotes.ask_size[:, None]
    known[at] = True
    last = np.maximum.accumulate(np.where(known, np.arange(STEPS), -1))
    held: Array = np.where(last >= 0, table[:, last], np.nan)
    held[2:] = np.where(np.isnan(held[:2]), np.nan, held[2:])
    return held


def derived_index(bid: Array, ask: Array) -> tuple[Array, Array, Array]:
    """Bid, ask and last of the derived line, shape (steps,), from option quotes (steps, 4) in rows C, P per strike.

    Bid and ask are what the forward could be sold and bought at through the options, the best over the strikes; last
    is the mean of the parity forwards, weighted by their inverse spread. A bid above the ask is shown as the last.
    """
    strike = np.array(SPXW_STRIKES)
    sell = strike + bid[:, ::2] - ask[:, 1::2]
    buy = strike + ask[:, ::2] - bid[:, 1::2]
    usable = ~np.isnan(sell + buy)
    weight = np.where(usable, 1 / np.maximum(np.where(usable, buy - sell, 1.0), 0.05), 0.0)
    total = weight.sum(axis=1)
    middle = np.where(usable, (sell + buy) / 2, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        last = np.round((middle * weight).sum(axis=1) / total, 2)
    low = np.where(usable, sell, -np.inf).max(axis=1)
    high = np.where(usable, buy, np.inf).min(axis=1)
    crossed = low > high
    known = total > 0
    return (
        np.where(known, np.where(crossed, last, low), np.nan),
        np.where(known, np.where(crossed, last, high), np.nan),
        last,
    )


class SpxwReplay:
    """World of the replayed day. See apps/simulator/world.py for every property."""

    labels = LABELS
    symbol = "SPX"
    underlying_sec_type = "IND"
    underlying_con_id = SPX_CON_ID
    tick_rule: tuple[tuple[float, float], ...] = TICK_RULE
    faults: tuple[TimedFault, ...] = ()

    def __init__(self, name: str, start_seconds: float = 60.0) -> None:
        self.name = name
        self.listings = option_listings("SPX", "SPXW", DAY, SPXW_STRIKES)
        # The file does not tell the close of 5 January: not a number, so the gateway sends none.
        self.session = Session(DAY, OPEN, CLOSE, CUTOFF, OPEN + start_seconds, float("nan"))
        table = [stepped(read_spxw(right, strike, EXPIRY)) for strike in SPXW_STRIKES for right in RIGHTS]
        self._bid, self._ask, self._bid_size, self._ask_size = (
            np.stack([leg[i] for leg in table], 1) for i in range(4)
        )
        self._index = derived_index(self._bid, self._ask)
        self._strike = np.repeat(np.array(SPXW_STRIKES), 2)
        self._is_call = np.tile([True, False], len(SPXW_STRIKES))

    def board(self, market_time: float) -> Board:
        """Quotes at `market_time`; none before the open and after the last quote."""
        rows = self._strike.size
        nothing = np.full(rows, np.nan)
        step = self._step(market_time)
        quoted = step is not None
        at = step or 0
        index = [float(side[at]) if quoted else float("nan") for side in self._index]
        vol, delta, gamma, vega, theta, price = self._model_values(at, market_time) if quoted else (nothing,) * 6
        return Board(
            bid=self._bid[at].copy() if quoted else nothing.copy(),
            ask=self._ask[at].copy() if quoted else nothing.copy(),
            bid_size=self._bid_size[at].copy() if quoted else nothing.copy(),
            ask_size=self._ask_size[at].copy() if quoted else nothing.copy(),
            last=nothing,
            last_size=nothing,
            volume=nothing,
            open_interest=nothing,
            model_vol=vol,
            model_delta=delta,
            model_gamma=gamma,
            model_vega=vega,
            model_theta=theta,
            model_price=price,
            halted=np.zeros(rows, dtype=np.bool_),
            frozen=np.zeros(rows, dtype=np.bool_),
            underlying_bid=index[0],
            underlying_ask=index[1],
            underlying_bid_size=float("nan"),
            underlying_ask_size=float("nan"),
            underlying_last=index[2],
            underlying_volume=float("nan"),
        )

    def _step(self, market_time: float) -> int | None:
        if not OPEN <= market_time < CUTOFF:
            return None
        return min(int((market_time - OPEN + 1e-6) / STEP_SECONDS), STEPS - 1)

    def _model_values(self, step: int, market_time: float) -> tuple[Array, ...]:
        """Greeks at the vol of the out-of-the-money side's mid; NaN where it has none."""
        forward = float(self._index[2][step])
        mid = (self._bid[step] + self._ask[step]) / 2
        otm_is_call = self._strike >= forward
        otm = np.repeat(np.where(otm_is_call[::2], mid[::2], mid[1::2]), 2)
        sd = implied_total_sd(otm, forward, self._strike, otm_is_call)
        values = greeks(forward, self._strike, self._is_call, np.nan_to_num(sd), CLOSE - market_time)
        known = ~np.isnan(sd)
        every = (values.vol, values.delta, values.gamma, values.vega, values.theta, mid)
        return tuple(np.where(known, value, np.nan) for value in every)

    def bars(self, row: int | None, end: float, seconds: float, bar_seconds: float) -> Sequence[Bar]:
        """Bars from the steps: of the derived line, or of a contract's mid. Without volume: it has none."""
        line = self._index[2] if row is None else (self._bid[:, row] + self._ask[:, row]) / 2
        stop = min(end, CUTOFF)
        bars = []
        for start in np.arange(OPEN, stop, max(bar_seconds, STEP_SECONDS)):
            low = int((start - OPEN) / STEP_SECONDS)
            high = max(low + 1, int((min(start + bar_seconds, stop) - OPEN) / STEP_SECONDS))
            values = line[low:high]
            values = values[~np.isnan(values)]
            if values.size and start >= stop - seconds:
                opened, top, bottom, closed = values[0], values.max(), values.min(), values[-1]
                bars.append(Bar(float(start), float(opened), float(top), float(bottom), float(closed), 0.0))
        return bars
