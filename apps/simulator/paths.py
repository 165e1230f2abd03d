"""Paths: what moves a modelled day, on fixed grids made once. Forward, quote noise, and the tape of trades.

Everything is drawn from generators keyed by the day's number, so that an instant has one value whatever was asked
before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CELL_SECONDS = 0.1
CELLS_PER_MINUTE = 600
NOISE_HALF_LIFE_SECONDS = 30.0
_NOISE_BLOCK = 60


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of 0.1 market seconds from `start` (market seconds since 1970) on; `cells` of them."""

    start: float
    cells: int

    def cell(self, market_time: float) -> int:
        """The cell an instant falls in, clamped to the grid."""
        return int(min(max((market_time - self.start + 1e-6) / CELL_SECONDS, 0), self.cells - 1))

    def time(self, cell: int) -> float:
        """When a cell begins, market seconds since 1970."""
        return self.start + cell * CELL_SECONDS

    @property
    def times(self) -> Array:
        """When every cell begins, shape (cells,)."""
        times: Array = self.start + CELL_SECONDS * np.arange(self.cells, dtype=np.float64)
        return times


PRE_OPEN_MINUTES = 30
SESSION_MINUTES = 390
QUOTED_MINUTES = 405
AFTER_MINUTES = 5
"""Minutes of a modelled day: before the open, to the expiry, to the last quote, and what follows it."""


def day_grid(open_time: float) -> Grid:
    """The grid of a whole modelled day that opens at `open_time` (market seconds since 1970)."""
    minutes = PRE_OPEN_MINUTES + QUOTED_MINUTES + AFTER_MINUTES
    return Grid(open_time - PRE_OPEN_MINUTES * 60, minutes * CELLS_PER_MINUTE + 1)


def day_path(points: Array, rng: np.random.Generator) -> Array:
    """Bridged log path over the day's grid from one point a quoted minute (405,), flat before and after."""
    padded = np.concatenate([np.full(PRE_OPEN_MINUTES, points[0]), points, np.full(AFTER_MINUTES + 1, points[-1])])
    return bridged(padded, local_variance(padded), rng)


def variance_left(times: Array, open_time: float) -> Array:
    """Share of the session's variance still to come, linear in session time. Shape of `times`."""
    share: Array = np.clip(1 - (times - open_time) / (SESSION_MINUTES * 60), 0.0, 1.0)
    return share


def bridged(points: Array, minute_variance: Array, rng: np.random.Generator) -> Array:
    """Brownian bridges between minute points: shape (m,) and (m - 1,) to ((m - 1) * 600 + 1,).

    A bridge of variance v has on average the quadratic variation v, so v is the minute's own variance.
    """
    minutes = points.size - 1
    steps = rng.standard_normal((minutes, CELLS_PER_MINUTE)) * np.sqrt(minute_variance / CELLS_PER_MINUTE)[:, None]
    walk = np.cumsum(steps, axis=1)
    share = np.arange(1, CELLS_PER_MINUTE + 1) / CELLS_PER_MINUTE
    inner = points[:-1, None] + np.diff(points)[:, None] * share + walk - walk[:, -1:] * share
    path: Array = np.concatenate([points[:1], inner.ravel()])
    return path


def local_variance(points: Array, window: int = 15) -> Array:
    """Mean squared move over a centred window of minutes, shape (m - 1,): quiet stretches stay quiet inside."""
    squared = np.diff(points) ** 2
    kernel = np.ones(window)
    smooth: Array = np.convolve(squared, kernel, mode="same") / np.convolve(np.ones(squared.size), kernel, mode="same")
    total = smooth.sum()
    return smooth * (squared.sum() / total) if total > 0 else smooth


def quote_noise(seconds: int, contracts: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """First-order autoregressive noise per contract on a grid of one second, half-life 30 s, unit variance.

    Shape (seconds, contracts). Exact: each block of a minute is a triangular matrix times its shocks plus the decayed
    last value of the block before.
    """
    decay = 0.5 ** (1 / NOISE_HALF_LIFE_SECONDS)
    lag = np.arange(_NOISE_BLOCK)[:, None] - np.arange(_NOISE_BLOCK)[None, :]
    response = np.where(lag >= 0, decay ** np.maximum(lag, 0), 0.0) * np.sqrt(1 - decay**2)
    fade = decay ** np.arange(1, _NOISE_BLOCK + 1)
    state = rng.standard_normal(contracts)
    blocks = []
    for _ in range(-(-seconds // _NOISE_BLOCK)):
        block = response @ rng.standard_normal((_NOISE_BLOCK, contracts)) + fade[:, None] * state
        state = block[-1]
        blocks.append(block.astype(np.float32))
    return np.concatenate(blocks)[:seconds]


def u_shape(share: Array) -> Array:
    """Share of the session's volume done after a share of its time: heavy at both ends. Any shape, [0, 1] to [0, 1].

    Density 0.5 + 1.5 (2x - 1)^2: half the mean at noon, twice the mean at open and close.
    """
    x = np.clip(share, 0.0, 1.0)
    value: Array = 0.5 * x + 0.25 * ((2 * x - 1) ** 3 + 1)
    return value


@dataclass(frozen=True, slots=True)
class Tape:
    """Trades in order of time, shape (k,): cell, contract row, size, and whether the buyer took the ask."""

    cell: IntArray
    row: IntArray
    size: IntArray
    at_ask: npt.NDArray[np.bool_]
    by_row: tuple[IntArray, ...]
    """For each row the indices of its trades, ascending."""
    volume: IntArray
    """Cumulative volume of the trade's own row, the trade included."""

    def last_before(self, cell: int) -> IntArray:
        """For each row the index of its last trade before `cell`, -1 without one. Shape (n,)."""
        found = []
        for trades in self.by_row:
            done = int(np.searchsorted(self.cell[trades], cell, side="left"))
            found.append(int(trades[done - 1]) if done else -1)
        return np.array(found, dtype=np.int64)


MEAN_TRADE = 6


def tape(
    volume: Array,
    *,
    first_cell: int,
    last_cell: int,
    log_forward: Array,
    is_call: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> Tape:
    """Trades adding up to about `volume` (n,) contracts, U-shaped over the session.

    Buyers of calls are a little more frequent in rising minutes, buyers of puts in falling ones.
    """
    count = np.ceil(volume / MEAN_TRADE).astype(np.int64)
    row = np.repeat(np.arange(volume.size), count)
    shares = np.linspace(0, 1, 2049)
    share = np.interp(rng.random(row.size), u_shape(shares), shares)
    cell = first_cell + (share * (last_cell - first_cell - 1)).astype(np.int64)
    size = rng.geometric(1 / MEAN_TRADE, row.size)
    ahead = np.minimum(cell + CELLS_PER_MINUTE // 2, log_forward.size - 1)
    behind = np.maximum(cell - CELLS_PER_MINUTE // 2, 0)
    move = (log_forward[ahead] - log_forward[behind]) / 4e-4
    buyer = 0.5 + 0.2 * np.tanh(np.where(is_call[row], move, -move))
    at_ask = rng.random(row.size) < buyer
    order = np.argsort(cell, kind="stable")
    cell, row, size, at_ask = cell[order], row[order], size[order], at_ask[order]
    grouped = np.argsort(row, kind="stable")
    by_row = tuple(np.split(grouped, np.cumsum(count)[:-1]))
    running = np.cumsum(size[grouped])
    starts = np.cumsum(count) - count
    before = np.where(starts > 0, running[np.maximum(starts - 1, 0)], 0)
    volume_after = np.empty(row.size, dtype=np.int64)
    volume_after[grouped] = running - np.repeat(before, count)
    return Tape(cell, row, size, at_ask, by_row, volume_after)
