"""A tiny deterministic market day for tests of the wire: plausible, cheap, and not meant to be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import numpy as np

from apps.simulator.world import Bar, Board, Listing, Session, TimedFault

DAY = date(2025, 5, 19)
SPOT = 594.0


def utc(hour: int, minute: int, second: int = 0) -> float:
    """An instant of the day, New York time (UTC-4 in May)."""
    return datetime(DAY.year, DAY.month, DAY.day, hour + 4, minute, second, tzinfo=UTC).timestamp()


def listings(count: int = 60) -> tuple[Listing, ...]:
    """`count` contracts: calls and puts around the money, a dollar apart."""
    strikes = [SPOT - count // 4 + index for index in range(count // 2)]
    return tuple(
        Listing(
            con_id=700_000_000 + 2 * index + (right == "P"),
            symbol="SPY",
            trading_class="SPY",
            expiry=DAY,
            strike=strike,
            right=right,
            local_symbol=f"SPY   {DAY:%y%m%d}{right}{round(strike * 1000):08d}",
        )
        for index, strike in enumerate(strikes)
        for right in ("C", "P")
    )


@dataclass
class FlatWorld:
    """Prices move by a cent or two each market second, each contract on its own; `step_seconds` makes them faster.

    Without `trades` only quotes move.
    """

    faults: Sequence[TimedFault] = ()
    step_seconds: float = 1.0
    count: int = 60
    trades: bool = True
    name: str = "flat"
    labels: tuple[str, ...] = ("TEST",)
    symbol: str = "SPY"
    underlying_sec_type: str = "STK"
    underlying_con_id: int = 756733
    tick_rule: tuple[tuple[float, float], ...] = ((0.0, 0.01),)
    start: float = field(default_factory=lambda: utc(10, 5))
    listings: tuple[Listing, ...] = ()

    def __post_init__(self) -> None:
        """Make the listings and the parts of the board that never move."""
        self.listings = self.listings or listings(self.count)
        self.session = Session(
            day=DAY,
            open=utc(9, 30),
            close=utc(16, 0),
            option_cutoff=utc(16, 15),
            start=self.start,
            previous_close=593.5,
        )
        self._strike = np.array([item.strike for item in self.listings])
        self._call = np.array([item.right == "C" for item in self.listings])
        self._index = np.arange(len(self.listings))

    def board(self, market_time: float) -> Board:
        """Mid = intrinsic + a hump + a saw tooth of the step; the spread is 2 cents."""
        step = int(market_time / self.step_seconds)
        n = len(self.listings)
        intrinsic = np.where(self._call, SPOT - self._strike, self._strike - SPOT).clip(min=0)
        mid = intrinsic + 1.5 * np.exp(-((self._strike - SPOT) ** 2) / 60) + 0.05
        mid = np.round(mid + 0.01 * ((step + self._index) % 5), 2)
        half = np.full(n, 0.01)
        size = (10 + (step + 3 * self._index) % 50).astype(float)
        tick = 0.01 * (step % 7)
        return Board(
            bid=np.round(mid - half, 2),
            ask=np.round(mid + half, 2),
            bid_size=size,
            ask_size=size[::-1].copy(),
            last=mid if self.trades else np.full(n, 1.0),
            last_size=np.ones(n),
            volume=np.full(n, float(1_000 + (step // 10 % 1_000 if self.trades else 0))),
            open_interest=np.full(n, 500.0) + self._index,
            model_vol=np.full(n, 0.14),
            model_delta=np.where(self._call, 0.5, -0.5),
            model_gamma=np.full(n, 0.05),
            model_vega=np.full(n, 0.1),
            model_theta=np.full(n, -0.4),
            model_price=mid,
            halted=np.zeros(n, dtype=bool),
            frozen=np.zeros(n, dtype=bool),
            underlying_bid=round(SPOT - 0.01 + tick, 2),
            underlying_ask=round(SPOT + 0.01 + tick, 2),
            underlying_bid_size=float(100 + step % 9),
            underlying_ask_size=float(200 + step % 9),
            underlying_last=round(SPOT + tick, 2),
            underlying_volume=float(1_000_000 + step % 100_000),
        )

    def bars(self, row: int | None, end: float, seconds: float, bar_seconds: float) -> Sequence[Bar]:
        """Flat bars inside the session."""
        price = SPOT if row is None else float(self.board(end).last[row])
        first = max(self.session.open, end - seconds)
        count = max(0, int((end - first) // bar_seconds))
        return [
            Bar(first + index * bar_seconds, price, price + 0.1, price - 0.1, price, 100.0) for index in range(count)
        ]
