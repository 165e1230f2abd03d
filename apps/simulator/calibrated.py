"""The calibrated day, 19 May 2025: real shapes of smile, spread, path, vol and size put together. Reads calibration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

from apps.simulator.calibration import Calibration, calibrate
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
from apps.simulator.quotes import CallPrices, Opening, QuoteModel
from apps.simulator.world import Session

Array = npt.NDArray[np.float64]

DAY = date(2025, 5, 19)
OPEN = datetime(2025, 5, 19, 13, 30, tzinfo=UTC).timestamp()
"""09:30 in New York, which was on daylight-saving time."""
CLOSE = OPEN + SESSION_MINUTES * 60
CUTOFF = OPEN + QUOTED_MINUTES * 60
START_FORWARD = 594.0
STRIKES_FROM, STRIKES_TO = 560.0, 635.0
"""The listed strikes used: a dollar apart to 620, then five, as the chain file lists them."""
LABELS = ("CALIBRATED", "ASSUMED-SIZES")


def session(start: float) -> Session:
    """The session with the scenario's start, market seconds since 1970."""
    previous = round(calibrate().forward, 2)
    return Session(day=DAY, open=OPEN, close=CLOSE, option_cutoff=CUTOFF, start=start, previous_close=previous)


def log_path(calibration: Calibration, number: int) -> Array:
    """Log of the forward relative to 09:30 per cell: the file's moves, scaled to the chain's standard deviation."""
    drive = calibration.drive
    points = drive.log_forward * (calibration.total_sd / drive.session_sd)
    return day_path(points, np.random.default_rng([number, 1]))


def remaining_sd(calibration: Calibration, times: Array) -> Array:
    """At-the-money total standard deviation to the close: variance linear in session time, times the level of vol."""
    left = variance_left(times, OPEN)
    minutes = OPEN + 60.0 * np.arange(calibration.drive.vol_level.size)
    level = np.interp(times, minutes, calibration.drive.vol_level)
    sd: Array = calibration.total_sd * np.sqrt(left) * level
    return sd


@dataclass(frozen=True, slots=True)
class WShape:
    """An event's second distribution: two lumps, blended in until `until` (market seconds) with `weight`."""

    lumps: Mixture
    until: float


def call_prices(calibration: Calibration, times: Array, event: WShape | None) -> CallPrices:
    """Prices from the chain's smile at the time's standard deviation; before an event, from its two lumps."""
    sd = remaining_sd(calibration, times)

    def prices(forward: Array, strike: Array, cells: slice) -> Array:
        value = calibration.smile.call(forward, strike, sd[cells])
        if event is not None:
            before = times[cells] < event.until
            if before.any():
                value[before] = event.lumps.call(forward[before], strike, sd[cells][before])
        return value

    return prices


def opening(number: int, rows: int) -> Opening:
    """Sides appear within 40 s of the open, one after the other; spreads start eight times as wide again."""
    rng = np.random.default_rng([number, 2])
    first = rng.uniform(0.5, 25, rows)
    return Opening(
        first_side=first,
        second_side=first + rng.uniform(0.5, 15, rows),
        bid_first=rng.random(rows) < 0.5,
        widening=8.0,
        settle_seconds=40.0,
    )


def strikes(calibration: Calibration) -> Array:
    """The listed strikes of the day, ascending."""
    listed = calibration.chain.strike
    return listed[(listed >= STRIKES_FROM) & (listed <= STRIKES_TO)]


def file_columns(calibration: Calibration, kind: str) -> Array:
    """The file's `volume` or `open_interest` for every row of the board."""
    chain = calibration.chain
    at = np.isin(chain.strike, strikes(calibration))
    columns: Array = np.stack([getattr(chain, f"call_{kind}")[at], getattr(chain, f"put_{kind}")[at]], axis=1).ravel()
    return columns


def model(number: int, event: WShape | None = None) -> QuoteModel:
    """The calibrated day's quotes for a number."""
    calibration = calibrate()
    cells = day_grid(OPEN)
    listed = strikes(calibration)
    strike, is_call = np.repeat(listed, 2), np.tile([True, False], listed.size)
    log_forward = log_path(calibration, number)
    open_cell, close_cell = cells.cell(OPEN), cells.cell(CLOSE)
    side = opening(number, strike.size)
    first_trade = open_cell + int(float(side.second_side.max()) / CELL_SECONDS) + 1
    return QuoteModel(
        number=number,
        grid=cells,
        strike=strike,
        is_call=is_call,
        forward=START_FORWARD * np.exp(log_forward),
        call_prices=call_prices(calibration, cells.times, event),
        spread=calibration.spread,
        noise=quote_noise(int(cells.cells * CELL_SECONDS) + 1, strike.size, np.random.default_rng([number, 3])),
        sizes=calibration.drive.sizes,
        tape=tape(
            file_columns(calibration, "volume"),
            first_cell=first_trade,
            last_cell=close_cell,
            log_forward=log_forward,
            is_call=is_call,
            rng=np.random.default_rng([number, 4]),
        ),
        opening=side,
        open_cell=open_cell,
        cutoff_cell=cells.cell(CUTOFF),
    )


def described(name: str, start: float) -> Described:
    """Names, labels and the file's open interest."""
    calibration = calibrate()
    return Described(
        name=name,
        labels=LABELS,
        symbol="SPY",
        trading_class="SPY",
        session=session(start),
        open_interest=file_columns(calibration, "open_interest"),
        underlying_volume=calibration.chain.underlying_volume,
    )
