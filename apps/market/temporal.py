"""Each contract against its own recent past: an exponentially weighted z in seconds, not in scans. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from apps.market.chain import Array, BoolArray, IntArray

HALF_LIFE_SECONDS = 45.0
DAMPING = 0.02
DAMPED_ABOVE = 3.5
VARIANCE_FLOOR = 0.06
GAP_SECONDS = 10.0
WARM_SECONDS = 20.0
"""Before a contract has this much past, it has no temporal z: the first minutes' mean is mostly its first quote."""

JUMP_FRACTION = 0.0006
"""A forward move of this fraction inside a second is a jump: residuals before and after it are not comparable."""


@dataclass(frozen=True, slots=True, eq=False)
class TemporalState:
    """(n,) each: weighted mean and variance of the price residual, and since when (market seconds) they are kept."""

    mean: Array
    variance: Array
    since: Array
    time: float

    @classmethod
    def empty(cls, n: int) -> TemporalState:
        """No past."""
        return cls(np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), float("-inf"))

    def take(self, source: IntArray, found: BoolArray) -> TemporalState:
        """The same past for other rows: row i from `source[i]` where `found[i]`, otherwise none."""
        mean, variance, since = (
            np.where(found, column[source], np.nan) for column in (self.mean, self.variance, self.since)
        )
        return TemporalState(mean, variance, since, self.time)


def advance(state: TemporalState, residual: Array, now: float, *, jumped: bool) -> tuple[TemporalState, Array]:
    """(next state, z_t). Residuals (n,) in units of their own noise; NaN leaves a contract's past as it was.

    Weights follow elapsed time, so that twice the scans make the same memory. A residual beyond DAMPED_ABOVE is
    learned at DAMPING of the weight: an anomaly must not become its own norm. After a gap or a jump all starts anew.
    """
    elapsed = now - state.time
    if jumped or not 0 <= elapsed <= GAP_SECONDS:
        state = TemporalState.empty(residual.size)
        elapsed = 0.0
    known = np.isfinite(state.mean)
    present = np.isfinite(residual)
    with np.errstate(invalid="ignore"):
        z = (residual - state.mean) / np.sqrt(np.maximum(state.variance, VARIANCE_FLOOR))
        weight = -np.expm1(-np.log(2.0) * elapsed / HALF_LIFE_SECONDS) * np.where(
            np.abs(z) > DAMPED_ABOVE, DAMPING, 1.0
        )
    weight = np.where(present & known, weight, 0.0)
    shift = np.where(present & known, residual - state.mean, 0.0)
    start = present & ~known
    mean = np.where(start, residual, state.mean + weight * shift)
    variance = np.where(start, VARIANCE_FLOOR, (1 - weight) * (state.variance + weight * shift * shift))
    since = np.where(start, now, state.since)
    warm = now - since >= WARM_SECONDS
    return TemporalState(mean, variance, since, now), np.where(present & known & warm, z, np.nan)
