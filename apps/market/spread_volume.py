"""SPREAD and VOLUME: a quote too wide, a contract too busy, against neighbours and against its own session. Pure."""

from __future__ import annotations

import warnings
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from apps.market.chain import Array, BoolArray, Chain, IntArray
from apps.market.grid import StrikeGrid, padded

SAMPLE_SECONDS = 30.0
NORM_SAMPLES = 20
"""One sample each 30 s, 20 kept: the ten-minute median of a contract's half-spread."""

NORM_LEAST_SAMPLES = 4
SPREAD_RATIO = 3.0
SPREAD_LEAST = 0.03
"""A half-spread below 3 c is not news, whatever its neighbours show."""

CALM_RATIO = 3.0
VOLUME_RATIO = 8.0
VOLUME_LEAST = 200.0
"""Contracts inside one window below which no rate is an anomaly."""

VOLUME_WINDOW_SECONDS = 60.0
VOLUME_NORM_HALF_LIFE = 900.0
VOLUME_LEAST_WINDOWS = 5


@dataclass(slots=True)
class SpreadMemory:
    """Half-spreads (n,) sampled every SAMPLE_SECONDS, at most NORM_SAMPLES, and their median."""

    n: int
    samples: deque[Array] = field(default_factory=lambda: deque(maxlen=NORM_SAMPLES))
    sampled_at: float = float("-inf")
    norm: Array = field(default_factory=lambda: np.empty(0))

    def observe(self, half_spread: Array, now: float) -> None:
        """Sample if it is time."""
        if self.norm.size == self.n and 0 <= now - self.sampled_at < SAMPLE_SECONDS:
            return
        self.sampled_at = now
        self.samples.append(half_spread.copy())
        self.norm = median_of(np.array(self.samples))

    def restore(self, samples: list[Array]) -> None:
        """Take over samples kept elsewhere, oldest first."""
        self.samples.extend(samples)
        self.norm = median_of(np.array(self.samples)) if self.samples else np.full(self.n, np.nan)

    def take(self, source: IntArray, found: BoolArray) -> SpreadMemory:
        """The same memory for other rows."""
        out = SpreadMemory(source.size, sampled_at=self.sampled_at)
        out.restore([np.where(found, sample[source], np.nan) for sample in self.samples])
        return out


def median_of(samples: Array) -> Array:
    """Column medians of (k, n), ignoring NaN; NaN for a column without any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        return np.nanmedian(samples, axis=0)


def spread_ratio(half_spread: Array, grid: StrikeGrid, memory: SpreadMemory) -> Array:
    """Half-spread over the larger of its neighbours' median and its own ten-minute norm, (n,); NaN where unknown.

    Neighbours are the NEIGHBOURS strikes each side of the same right. Without a norm yet there is no ratio: the first
    quotes after a start say nothing about what is usual.
    """
    if len(memory.samples) < NORM_LEAST_SAMPLES:
        return np.full(half_spread.size, np.nan)
    around = median_of(padded(half_spread)[grid.neighbours].T)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = half_spread / np.maximum(around, memory.norm)
        return np.where(half_spread >= SPREAD_LEAST, ratio, np.nan)


def calm(chain: Chain, half_spread: Array, memory: SpreadMemory) -> BoolArray:
    """Two-sided with a spread at most CALM_RATIO times its ten-minute median (or, before one, its own), (n,)."""
    norm = memory.norm if memory.norm.size == half_spread.size else half_spread
    with np.errstate(invalid="ignore"):
        known = np.isfinite(norm)
        return (
            np.isfinite(chain.bid)
            & np.isfinite(chain.ask)
            & (half_spread <= CALM_RATIO * np.where(known, norm, np.inf))
        )


def wide(chain: Chain, settled: BoolArray) -> BoolArray:
    """Two-sided and wider than CALM_RATIO times its own ten-minute median, (n,); `settled` is what `calm` answered.

    For the page only. Before there is a median nothing is wide, so a single file has no such quote.
    """
    return np.isfinite(chain.bid) & np.isfinite(chain.ask) & ~settled


@dataclass(slots=True)
class VolumeMemory:
    """Traded contracts per window: the reading at its start, the usual increment, and the newest window's ratio, (n,).

    The usual increment is weighted by time (half-life 15 minutes) and scaled by how busy the whole chain is now, which
    is the time of day. The first window after a start only sets the reading.
    """

    reading: Array
    norm: Array
    ratio: Array
    chain_norm: float = float("nan")
    windows: int = 0
    started_at: float = float("-inf")

    @classmethod
    def empty(cls, n: int) -> VolumeMemory:
        """Nothing read yet."""
        return cls(np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan))

    def take(self, source: IntArray, found: BoolArray) -> VolumeMemory:
        """The same memory for other rows."""
        reading, norm, ratio = (
            np.where(found, column[source], np.nan) for column in (self.reading, self.norm, self.ratio)
        )
        return VolumeMemory(reading, norm, ratio, self.chain_norm, self.windows, self.started_at)

    def observe(self, volume: Array, grid: StrikeGrid, now: float) -> None:
        """Close the window if its time is over. A fall of the counter is a new session: its reading starts anew."""
        elapsed = now - self.started_at
        if 0 <= elapsed < VOLUME_WINDOW_SECONDS:
            return
        increment = volume - self.reading
        increment = np.where(increment >= 0, increment, np.nan)
        late = not 0 <= elapsed <= 2 * VOLUME_WINDOW_SECONDS
        self.reading, self.started_at = volume.copy(), now
        if late:
            self.windows, self.ratio = 0, np.full(volume.size, np.nan)
            return
        total = float(np.nansum(increment))
        self.ratio = self._ratios(increment, total, grid)
        weight = -np.expm1(-np.log(2.0) * elapsed / VOLUME_NORM_HALF_LIFE)
        step = max(weight, 1.0 / (self.windows + 1))
        self.norm = np.where(np.isfinite(self.norm), self.norm + step * np.nan_to_num(increment - self.norm), increment)
        self.chain_norm = total if np.isnan(self.chain_norm) else self.chain_norm + step * (total - self.chain_norm)
        self.windows += 1

    def _ratios(self, increment: Array, total: float, grid: StrikeGrid) -> Array:
        if self.windows < VOLUME_LEAST_WINDOWS:
            return np.full(increment.size, np.nan)
        around = median_of(padded(increment)[grid.neighbours].T)
        busy = max(total / self.chain_norm, 1.0) if self.chain_norm > 0 else 1.0
        usual = np.fmax(np.fmax(around, self.norm * busy), VOLUME_LEAST / VOLUME_RATIO)
        return np.where(increment >= VOLUME_LEAST, increment / usual, np.nan)
