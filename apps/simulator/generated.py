"""Generated market days for the quality gates: a family of distributions, a random walk, assumed sizes and volumes.

Nothing here is a market: the labels say GENERATED and the numbers decide everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

from apps.simulator import families
from apps.simulator.calibrated import opening
from apps.simulator.modelled import Described
from apps.simulator.paths import (
    CELL_SECONDS,
    QUOTED_MINUTES,
    SESSION_MINUTES,
    day_grid,
    day_path,
    quote_noise,
    tape,
    variance_left,
)
from apps.simulator.pricing import Mixture
from apps.simulator.quotes import QuoteModel
from apps.simulator.world import Session

Array = npt.NDArray[np.float64]

DAY = date(2025, 5, 20)
OPEN = datetime(2025, 5, 20, 13, 30, tzinfo=UTC).timestamp()
CLOSE = OPEN + SESSION_MINUTES * 60
LABELS = ("GENERATED",)
REACH = 36
"""Strikes on each side of the first forward: more than 3 % of it and more than the day can go."""


def shape(family: families.Family, number: int) -> tuple[Mixture, float]:
    """A family's distribution for this number in units of its own standard deviation, and the session's deviation."""
    rng = np.random.default_rng([number, 31])
    deviation = families.at_money_deviation(rng, SESSION_MINUTES * 60)
    drawn = family(rng, deviation)
    shift = np.log(drawn.mean / drawn.forward) / deviation
    return Mixture(drawn.weight, shift, drawn.deviation / deviation), deviation


@dataclass(frozen=True, slots=True)
class AssumedSpreads:
    """Spread by fair value with each contract's own luck: 1 c below 0.30, to 2 c, to 3 c, then 3 to 12 c."""

    luck: Array
    """(n,), uniform on [0, 1)."""

    def __call__(self, fair: Array) -> Array:
        """Spreads in dollars, shape of `fair`, whose last axis is the contracts."""
        widest = np.select([fair < 0.30, fair < 1.50, fair < 4.0], [1.0, 2.0, 3.0], 12.0)
        least = np.where(fair < 4.0, 1.0, 3.0)
        cents: Array = np.floor(least + self.luck * (widest - least + 1))
        return cents / 100


def model(family_name: str, number: int) -> QuoteModel:
    """The quotes of a generated session. Raises KeyError for a family that is not in families.FAMILIES."""
    mixture, deviation = shape(families.FAMILIES[family_name], number)
    strikes = families.FORWARD + np.arange(-REACH, REACH + 1) * families.STRIKE_GAP
    strike, is_call = np.repeat(strikes, 2), np.tile([True, False], strikes.size)
    rng = np.random.default_rng([number, 32, sorted(families.FAMILIES).index(family_name)])
    moves = rng.standard_normal(QUOTED_MINUTES - 1) * deviation / np.sqrt(SESSION_MINUTES)
    log_forward = day_path(np.concatenate([[0.0], np.cumsum(moves)]), rng)
    cells = day_grid(OPEN)
    sd = deviation * np.sqrt(variance_left(cells.times, OPEN))
    open_cell = cells.cell(OPEN)
    side = opening(number, strike.size)
    distance = (strike - families.FORWARD) / (families.FORWARD * deviation)

    def prices(forward: Array, strikes_asked: Array, at: slice) -> Array:
        return mixture.call(forward, strikes_asked, sd[at])

    return QuoteModel(
        number=number,
        grid=cells,
        strike=strike,
        is_call=is_call,
        forward=families.FORWARD * np.exp(log_forward),
        call_prices=prices,
        spread=AssumedSpreads(rng.random(strike.size)),
        noise=quote_noise(int(cells.cells * CELL_SECONDS) + 1, strike.size, np.random.default_rng([number, 33])),
        sizes=np.arange(1.0, 401.0),
        tape=tape(
            np.round(40_000 * np.exp(-0.5 * distance**2)),
            first_cell=open_cell + int(float(side.second_side.max()) / CELL_SECONDS) + 1,
            last_cell=cells.cell(CLOSE),
            log_forward=log_forward,
            is_call=is_call,
            rng=np.random.default_rng([number, 34]),
        ),
        opening=side,
        open_cell=open_cell,
        cutoff_cell=cells.cell(OPEN + QUOTED_MINUTES * 60),
    )


def described(name: str, start: float, rows: int) -> Described:
    """Names and labels of a generated day."""
    return Described(
        name=name,
        labels=LABELS,
        symbol="SPY",
        trading_class="SPY",
        session=Session(
            day=DAY,
            open=OPEN,
            close=CLOSE,
            option_cutoff=OPEN + QUOTED_MINUTES * 60,
            start=start,
            previous_close=families.FORWARD,
        ),
        open_interest=np.full(rows, 1000.0),
        underlying_volume=70e6,
    )
