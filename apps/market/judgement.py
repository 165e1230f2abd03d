"""What every contract should be worth given all the others: forward and smile fitted jointly to both sides. Pure.

Call and put at one strike share their time value given the forward, so each quote is a second opinion on its partner:
both are fitted, both are judged, and an outlier on either is weighed down until it no longer moves what it is held to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from apps.market.black import time_value
from apps.market.chain import Array, BoolArray
from apps.market.forward import parity_forward
from apps.market.grid import StrikeGrid, padded
from apps.market.implied_vol import implied_vol
from apps.market.mills import normal_cdf, normal_density
from apps.market.residuals import TICK_NOISE, half_spreads, price_residual
from apps.market.terms import SmileQuality

MAX_ABS_Y = 4.0
BISQUARE = 4.685
L1_STEPS = 4
BISQUARE_STEPS = 4
JOINT_STEPS = 4
SCALE_FLOOR = 0.35
"""Smallest residual scale while fitting, in units of hypot(half-spread, tick noise)."""

SHARE_INSIDE_LEAST = 0.7
"""Below this share of fair values inside their quotes the smile is the wrong shape: say so, raise no alarm."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Fair values of one chain. Arrays (n,), rows as the chain; NaN where no judgement is possible.

    `model_error` in $/share; `y` standardised log-moneyness; `residual` in units of its own noise; `live` counts the
    out-of-the-money strikes with a bid; `delta` per dollar of forward.
    """

    forward: float
    atm_vol: float
    degree: int | None
    live: int
    quality: SmileQuality
    share_inside: float
    fair: Array
    fair_iv: Array
    delta: Array
    y: Array
    half_spread: Array
    model_error: Array
    residual: Array
    judged: BoolArray


def degree_for(live: int) -> int | None:
    """Polynomial degree by live strikes (option-analytics 2); None when there are too few for a smile."""
    for least, degree in ((14, 4), (9, 3), (6, 2), (4, 1)):
        if live >= least:
            return degree
    return None


def judge(
    grid: StrikeGrid, strike: Array, is_call: BoolArray, bid: Array, ask: Array, *, usable: BoolArray, years: float
) -> Judgement:
    """Fair value of every contract. Arrays (n,), dollars; `usable` rows may be fitted and judged; years > 0.

    Never raises on bad quotes: what cannot be judged is NaN, and `quality` says why.
    """
    low, high = np.where(usable, bid, np.nan), np.where(usable, ask, np.nan)
    parity = parity_forward(strike, is_call, low, high)
    forward = parity.value
    if not (np.isfinite(forward) and years > 0):
        return _nothing(strike.size, half_spreads(bid, ask))
    quotes = _Quotes.of(grid, strike, is_call, low, high)
    start = _first_fit(quotes, forward, years)
    fitted = _joint_fit(quotes, start, years)
    return _assemble(quotes, fitted, years)


@dataclass(frozen=True, slots=True, eq=False)
class _Quotes:
    """Usable quotes only, the rest NaN; (n,) rows, and the grid that pairs them."""

    grid: StrikeGrid
    strike: Array
    is_call: BoolArray
    bid: Array
    mid: Array
    half: Array
    noise: Array

    @classmethod
    def of(cls, grid: StrikeGrid, strike: Array, is_call: BoolArray, bid: Array, ask: Array) -> _Quotes:
        half = half_spreads(bid, ask)
        return cls(grid, strike, is_call, bid, (bid + ask) / 2, half, np.hypot(half, TICK_NOISE))


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """vol = max(coefficients . y^k, floor) with y held inside [y_low, y_high]; coefficients empty: no smile."""

    forward: float
    atm_vol: float
    coefficients: Array
    y_low: float
    y_high: float
    live: int


def _nothing(n: int, half: Array) -> Judgement:
    """No forward, no judgement."""
    nan = np.full(n, np.nan)
    quality = SmileQuality.NOT_ENOUGH_STRIKES if n else SmileQuality.NONE
    none = np.zeros(n, dtype=np.bool_)
    return Judgement(np.nan, np.nan, None, 0, quality, np.nan, nan, nan, nan, nan, half, nan, nan, none)


def _first_fit(quotes: _Quotes, forward: float, years: float) -> _Fit:
    """Robust polynomial of out-of-the-money implied vol: L1 start, then bisquare, weight vega over quote noise."""
    grid, root = quotes.grid, np.sqrt(years)
    strikes = grid.strikes
    rows = np.where(strikes >= forward, grid.call_row, grid.put_row)
    mid, bid, noise = padded(quotes.mid)[rows], padded(quotes.bid)[rows], padded(quotes.noise)[rows]
    vol = implied_vol(mid, forward, strikes, strikes >= forward, years)
    live = np.flatnonzero(np.isfinite(vol) & (bid > 0))
    if live.size < 2:
        return _Fit(forward, float("nan"), np.empty(0), 0.0, 0.0, int(live.size))
    near = live[np.argsort(np.abs(strikes[live] - forward))[:3]]
    atm = float(np.median(vol[near]))
    y = np.log(strikes[live] / forward) / (atm * root)
    inside = np.abs(y) < MAX_ABS_Y
    live, y = live[inside], y[inside]
    degree = degree_for(live.size)
    if live.size < 2:
        return _Fit(forward, atm, np.empty(0), 0.0, 0.0, int(live.size))
    d1 = -y + atm * root / 2
    weight = forward * normal_density(d1) * root / noise[live]
    powers = np.vander(y, (degree or 0) + 1, increasing=True)
    coefficients = _robust_line(powers, vol[live], weight)
    return _Fit(forward, atm, coefficients, float(y[0]), float(y[-1]), int(live.size))


def _robust_line(powers: Array, value: Array, weight: Array) -> Array:
    """Weighted L1 start, then bisquare IRLS (Beaton and Tukey 1974), scale 1.4826 MAD with a floor."""
    robust = np.ones(value.size)
    coefficients = np.empty(0)
    for step in range(L1_STEPS + BISQUARE_STEPS):
        coefficients = _least_squares(powers, value, weight * weight * robust)
        residual = weight * (value - powers @ coefficients)
        if step < L1_STEPS:
            robust = 1.0 / np.maximum(np.abs(residual), 0.1)
        else:
            scale = max(1.4826 * float(np.median(np.abs(residual))), SCALE_FLOOR)
            robust = np.maximum(1 - (residual / (BISQUARE * scale)) ** 2, 0.0) ** 2
            robust += 1e-9
    return coefficients


def _least_squares(design: Array, value: Array, weight: Array) -> Array:
    """Weighted normal equations with a ridge far below any real weight, so that a lost column cannot blow up."""
    weighted = design * weight[:, None]
    normal = design.T @ weighted
    trace = np.diagonal(normal).copy()
    normal.flat[:: normal.shape[0] + 1] += 1e-9 * trace + 1e-30
    return np.asarray(np.linalg.solve(normal, weighted.T @ value))


def _vol_at(fit: _Fit, y: Array) -> Array:
    """Fitted vol at y, held at the ends of the live range, at least a twentieth of the at-the-money vol."""
    held = np.minimum(np.maximum(y, fit.y_low), fit.y_high)
    vol = np.polynomial.polynomial.polyval(held, fit.coefficients)
    return np.asarray(np.maximum(vol, 0.05 * fit.atm_vol))


def _joint_fit(quotes: _Quotes, start: _Fit, years: float) -> _Fit:
    """Forward and smile together from both sides of every strike, linearised about the start, bisquare again."""
    if not start.coefficients.size:
        return start
    grid, root = quotes.grid, np.sqrt(years)
    strikes = grid.strikes
    y = np.log(strikes / start.forward) / (start.atm_vol * root)
    vol = _vol_at(start, y)
    value = time_value(start.forward, strikes, vol, years)
    deviation = vol * root
    d1 = -np.log(strikes / start.forward) / deviation + deviation / 2
    vega = start.forward * normal_density(d1) * root
    call_delta = normal_cdf(d1)
    row = grid.row_strike
    intrinsic = np.maximum(np.where(quotes.is_call, start.forward - quotes.strike, quotes.strike - start.forward), 0.0)
    outside = (y < start.y_low) | (y > start.y_high)
    error = np.where(outside, value, 0.0)[row]
    noise = np.hypot(quotes.noise, error)
    gap = quotes.mid - (intrinsic + value[row])
    held = np.minimum(np.maximum(y, start.y_low), start.y_high)
    powers = np.vander(held, start.coefficients.size, increasing=True) * vega[:, None]
    delta = np.where(quotes.is_call, call_delta[row], call_delta[row] - 1.0)
    design = np.concatenate([powers[row], delta[:, None]], axis=1)
    use = np.flatnonzero(np.isfinite(gap) & (np.abs(y[row]) < 2 * MAX_ABS_Y))
    if use.size <= design.shape[1]:
        return start
    design, gap, noise = design[use], gap[use], noise[use]
    change = np.zeros(design.shape[1])
    for _ in range(JOINT_STEPS):
        residual = (gap - design @ change) / noise
        scale = max(1.4826 * float(np.median(np.abs(residual))), SCALE_FLOOR)
        robust = np.maximum(1 - (residual / (BISQUARE * scale)) ** 2, 0.0) ** 2 + 1e-9
        change = _least_squares(design, gap, robust / noise**2)
    return _Fit(
        start.forward + float(change[-1]),
        start.atm_vol,
        start.coefficients + change[:-1],
        start.y_low,
        start.y_high,
        start.live,
    )


def _assemble(quotes: _Quotes, fit: _Fit, years: float) -> Judgement:
    """Everything a reader of the scan sees, from the final fit."""
    n = quotes.strike.size
    if not fit.coefficients.size:
        out = _nothing(n, quotes.half)
        return Judgement(
            fit.forward,
            fit.atm_vol,
            None,
            fit.live,
            SmileQuality.NOT_ENOUGH_STRIKES,
            np.nan,
            out.fair,
            out.fair_iv,
            out.delta,
            out.y,
            quotes.half,
            out.model_error,
            out.residual,
            out.judged,
        )
    root, row = np.sqrt(years), quotes.grid.row_strike
    strikes = quotes.grid.strikes
    y = np.log(strikes / fit.forward) / (fit.atm_vol * root)
    vol = _vol_at(fit, y)
    value = time_value(fit.forward, strikes, vol, years)
    d1 = -np.log(strikes / fit.forward) / (vol * root) + vol * root / 2
    call_delta = normal_cdf(d1)
    intrinsic = np.maximum(np.where(quotes.is_call, fit.forward - quotes.strike, quotes.strike - fit.forward), 0.0)
    outside = (y < fit.y_low) | (y > fit.y_high)
    error = np.where(outside, value, 0.0)[row]
    fair = intrinsic + value[row]
    residual = price_residual(quotes.mid, fair, quotes.half, error)
    judged = np.isfinite(residual)
    with np.errstate(invalid="ignore"):
        inside = np.abs(quotes.mid - fair) <= quotes.half + 0.5 * 0.01
    band = judged & ~outside[row]
    share = float(inside[band].mean()) if band.any() else float("nan")
    good = fit.coefficients.size > 1 and share >= SHARE_INSIDE_LEAST
    return Judgement(
        forward=fit.forward,
        atm_vol=float(_vol_at(fit, np.zeros(1))[0]),
        degree=fit.coefficients.size - 1,
        live=fit.live,
        quality=SmileQuality.GOOD if good else SmileQuality.LOW_CONFIDENCE,
        share_inside=share,
        fair=fair,
        fair_iv=vol[row],
        delta=np.where(quotes.is_call, call_delta[row], call_delta[row] - 1.0),
        y=y[row],
        half_spread=quotes.half,
        model_error=error,
        residual=residual,
        judged=judged,
    )
