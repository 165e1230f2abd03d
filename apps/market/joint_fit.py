"""Forward and smile fitted together to the quotes of both rights of every strike, blind to outliers. Pure.

Linearised about a prior shape of the smile; bisquare weights whose cut-off shrinks step by step (graduated
non-convexity, Blake and Zisserman 1987), so that several outliers cannot agree on a wrong start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from apps.market.chain import Array, BoolArray
from apps.market.grid import StrikeGrid, padded
from apps.market.residuals import TICK_NOISE, half_spreads, median

MAX_ABS_Y = 4.0
DEGREE = 4
BISQUARE = 2.6
"""Cut-off in robust scales. The noise of a quote is bounded by its spread, not normal, so what lies beyond 2.6 scales
is an error, not a tail: 4.685, the value for normal noise, lost a tenth of the recall at 3 half-spreads."""

TEMPERATURES = ((4.0, 2.0, 1.0, 1.0), (1.0, 1.0))
"""The cut-off's multiples, for the first linearisation and for the second."""

LINEAR_ERROR = 0.001
"""Dollars. A step from a known shape needs no second linearisation when what the first leaves out, half the second
derivative by vol times the step squared, is less than this for every strike."""

REJECTED_MOST = 0.15
"""A step from a known shape that rejects more of the quotes than this is not believed: then the prior is the start."""

SCALE_FLOOR = 0.35
"""Smallest residual scale while fitting, in units of hypot(half-spread, tick noise)."""

PRIOR_MEAN = np.array([1.0, -0.08, 0.035, 0.005, 0.0])
PRIOR_DEVIATION = np.array([0.3, 0.10, 0.04, 0.012, 0.004])
"""Vol over at-the-money vol in powers of y. The five nearest expiries of the real SPY chain of 2025-05-16 lie within
(-0.09 to -0.16, -0.00 to 0.08, 0.00 to 0.02, -0.005 to 0.002). The prior lets four degrees be used with few strikes,
where they would otherwise follow an outlier at the end of the range."""

ROOT_HALF = math.sqrt(0.5)
DENSITY_AT_ZERO = 1.0 / math.sqrt(2 * math.pi)

WING_FROM = 2.0
WING_SLOPE = 0.5
"""Beyond two deviations the shape may be wrong by this share of the option's value for each further deviation."""


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Usable quotes only, the rest NaN; (n,) rows, and the grid that pairs them. Dollars."""

    grid: StrikeGrid
    strike: Array
    is_call: BoolArray
    bid: Array
    mid: Array
    half: Array
    noise: Array

    @classmethod
    def of(cls, grid: StrikeGrid, strike: Array, is_call: BoolArray, bid: Array, ask: Array) -> Quotes:
        """Mid, half-spread and its noise."""
        half = half_spreads(bid, ask)
        return cls(grid, strike, is_call, bid, (bid + ask) / 2, half, np.hypot(half, TICK_NOISE))

    def intrinsic(self, forward: float) -> Array:
        """On the forward, (n,)."""
        return np.maximum(np.where(self.is_call, forward - self.strike, self.strike - forward), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class SmileFit:
    """A forward and a vol per strike, (m,), with what follows from them. `outside`: beyond the live strikes."""

    forward: float
    atm_vol: float
    years: float
    vol: Array
    y: Array
    value: Array
    call_delta: Array
    vega: Array
    outside: BoolArray
    shape: Array
    """Coefficients of vol over `atm_vol` in powers of y; the next scan's fit starts from them."""

    def fair(self, quotes: Quotes) -> Array:
        """Fair price of every contract, (n,)."""
        return quotes.intrinsic(self.forward) + self.value[quotes.grid.row_strike]

    def delta(self, quotes: Quotes) -> Array:
        """Per dollar of forward, (n,)."""
        call = self.call_delta[quotes.grid.row_strike]
        return np.where(quotes.is_call, call, call - 1.0)

    def error(self, quotes: Quotes) -> Array:
        """What a value may be wrong by, (n,) dollars: in the wings a share of it, beyond the live strikes all of it."""
        rows = np.where(self.y >= 0, quotes.grid.call_row, quotes.grid.put_row)
        worth = np.fmax(self.value, padded(quotes.mid)[rows])
        reach = np.minimum(np.maximum(np.abs(self.y) - WING_FROM, 0.0), MAX_ABS_Y - WING_FROM)
        wing = WING_SLOPE * reach * worth
        return np.where(self.outside, np.maximum(wing, self.value), wing)[quotes.grid.row_strike]


def fit_jointly(
    quotes: Quotes, live: BoolArray, *, forward: float, atm_vol: float, years: float, shape: Array | None = None
) -> SmileFit:
    """The fit. `live` (m,): strikes whose out-of-the-money option has a bid, at least two; vol per sqrt(year).

    `shape` of a scan a moment ago is only where the linearisation stands: the cut-off shrinks from wide all the same,
    so that no quote is believed or rejected because it was then, and the result is that of a start from the prior.
    """
    if shape is not None:
        before = _start(quotes, live, forward=forward, atm_vol=atm_vol, years=years, shape=shape)
        after, rejected = _refine(before, quotes, TEMPERATURES[0])
        if rejected <= REJECTED_MOST and _left_out(before, after) < LINEAR_ERROR:
            return after
    fit = _start(quotes, live, forward=forward, atm_vol=atm_vol, years=years, shape=PRIOR_MEAN)
    for temperatures in TEMPERATURES:
        fit, _ = _refine(fit, quotes, temperatures)
    return fit


def _left_out(before: SmileFit, after: SmileFit) -> float:
    """The largest second-order term of the step in vol, dollars: vega d1 d2 / vol is the second derivative."""
    step = after.vol - before.vol
    return float((before.vega / before.vol * np.maximum(before.y * before.y, 1.0) * step * step).max()) / 2


def _start(quotes: Quotes, live: BoolArray, *, forward: float, atm_vol: float, years: float, shape: Array) -> SmileFit:
    strikes = quotes.grid.strikes
    held_at = live.nonzero()[0]
    y = np.log(strikes / forward) / (atm_vol * math.sqrt(years))
    outside = np.ones(strikes.size, dtype=np.bool_)
    outside[held_at[0] : held_at[-1] + 1] = False
    held = np.minimum(np.maximum(y, y[held_at[0]]), y[held_at[-1]])
    return _at(forward, shape, _powers(held), strikes, atm_vol=atm_vol, years=years, outside=outside)


def _powers(y: Array) -> Array:
    """1, y, ... y^DEGREE as columns."""
    out = np.empty((y.size, DEGREE + 1))
    out[:, 0] = 1.0
    for power in range(1, DEGREE + 1):
        np.multiply(out[:, power - 1], y, out=out[:, power])
    return out


def _at(
    forward: float, shape: Array, powers: Array, strikes: Array, *, atm_vol: float, years: float, outside: BoolArray
) -> SmileFit:
    """Value, delta and vega of every strike at this forward and shape: plain Black, which is good to 1e-12 dollars."""
    root = math.sqrt(years)
    log_ratio = np.log(strikes / forward)
    vol = np.maximum(powers @ (shape * atm_vol), 0.05 * atm_vol)
    deviation = vol * root
    above = strikes >= forward
    side = np.where(above, 1.0, -1.0)
    d1 = deviation / 2 - log_ratio / deviation
    d2 = d1 - deviation
    near, far = normal_tail(-side * d1), normal_tail(-side * d2)
    return SmileFit(
        forward=forward,
        atm_vol=atm_vol,
        years=years,
        vol=vol,
        y=log_ratio * (1.0 / (atm_vol * root)),
        value=np.maximum(side * (forward * near - strikes * far), 0.0),
        call_delta=np.where(above, near, 1.0 - near),
        vega=np.exp(d1 * d1 * -0.5) * (forward * root * DENSITY_AT_ZERO),
        outside=outside,
        shape=shape,
    )


def normal_tail(z: Array) -> Array:
    """1 - Phi(z), (m,): for a few dozen strikes the C library's erfc, one by one, is faster than any array formula."""
    erfc = math.erfc
    return np.array([erfc(value) for value in (z * ROOT_HALF).tolist()]) * 0.5


def _refine(fit: SmileFit, quotes: Quotes, temperatures: tuple[float, ...]) -> tuple[SmileFit, float]:
    """One linearisation: every quote against shape and forward, bisquare, the prior as further observations.

    Also the share of quotes that ended with no weight.
    """
    row = quotes.grid.row_strike
    inside = fit.y[~fit.outside]
    powers = _powers(np.minimum(np.maximum(fit.y, inside[0]), inside[-1]))
    design = np.empty((row.size, DEGREE + 2))
    design[:, :-1] = (powers * fit.vega[:, None])[row]
    design[:, -1] = fit.delta(quotes)
    away = quotes.mid - fit.fair(quotes)
    weight = 1.0 / np.hypot(quotes.noise, fit.error(quotes))
    use = (np.isfinite(away * weight) & (np.abs(fit.y) < 2 * MAX_ABS_Y)[row]).nonzero()[0]
    if use.size <= 2:
        return fit, 1.0
    level = (fit.vega * fit.vol)[row]
    if use.size < row.size:
        away, weight, design, level = away[use], weight[use], design[use], level[use]
    target = (away + level) * weight
    design *= weight[:, None]
    solution, rejected = _robust_solution(design, target, away * weight, fit.atm_vol, temperatures)
    refined = _at(
        fit.forward + float(solution[-1]),
        solution[:-1] / fit.atm_vol,
        powers,
        quotes.grid.strikes,
        atm_vol=fit.atm_vol,
        years=fit.years,
        outside=fit.outside,
    )
    return refined, rejected


def _robust_solution(
    design: Array, target: Array, residual: Array, atm_vol: float, temperatures: tuple[float, ...]
) -> tuple[Array, float]:
    """((shape coefficients, change of the forward), share of rows rejected).

    Rows already carry their weights; `residual` is the start's.
    """
    precision, pull = np.full(design.shape[1], 1e-6), np.zeros(design.shape[1])
    precision[:-1] = 1.0 / (PRIOR_DEVIATION * atm_vol) ** 2
    pull[:-1] = precision[:-1] * PRIOR_MEAN * atm_vol
    across = np.ascontiguousarray(design.T)
    solution: Array = np.zeros(design.shape[1])
    robust: Array = np.ones(residual.size)
    for temperature in temperatures:
        scale = max(1.4826 * median(np.abs(residual)), SCALE_FLOOR)
        ratio = residual * (1.0 / (temperature * BISQUARE * scale))
        robust = np.maximum(1.0 - ratio * ratio, 0.0) / scale
        weighted = across * (robust * robust)
        normal = weighted @ design
        normal.flat[:: normal.shape[0] + 1] += precision
        solution = np.asarray(np.linalg.solve(normal, weighted @ target + pull), dtype=np.float64)
        residual = target - design @ solution
    return solution, 1.0 - np.count_nonzero(robust) / robust.size
