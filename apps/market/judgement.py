"""What every contract should be worth given all the others: forward and smile fitted jointly to both sides. Pure.

Call and put at one strike share their time value given the forward, so each quote is a second opinion on its partner:
both are fitted, both are judged, and an outlier on either is weighed down until it no longer moves what it is held to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from apps.market.black import time_value
from apps.market.chain import Array, BoolArray
from apps.market.fair import FairChain, SmileVerdict, fair_chain
from apps.market.forward import parity_forward
from apps.market.grid import StrikeGrid, padded
from apps.market.mills import normal_cdf, normal_density
from apps.market.residuals import TICK_NOISE, half_spreads, price_residual
from apps.market.terms import SmileQuality

MAX_ABS_Y = 4.0
BISQUARE = 2.6
"""Cut-off in robust scales. The noise of a quote is bounded by its spread, not normal, so what lies beyond 2.6 scales
is an error, not a tail: 4.685, the value for normal noise, lost a tenth of the recall at 3 half-spreads."""

DEGREE = 4
TEMPERATURES = (4.0, 3.0, 2.0, 1.4, 1.0, 1.0)
"""The bisquare's cut-off shrinks to its own over these steps, so that the fit does not settle on a bad start."""

LINEARISATIONS = 2
SCALE_FLOOR = 0.35
"""Smallest residual scale while fitting, in units of hypot(half-spread, tick noise)."""

PRIOR_MEAN = np.array([1.0, -0.05, 0.03, 0.0, 0.0])
PRIOR_DEVIATION = np.array([0.3, 0.10, 0.04, 0.010, 0.003])
"""Shape of vol over at-the-money vol in powers of y: what a one-lump distribution can look like, generously. It lets
four degrees be used with few strikes, where they would otherwise follow an outlier at the end of the range."""

PARITY_STRIKES = 7
PARTNER_MOST = 0.05
"""Without a smile, only contracts whose partner is worth at most this (dollars) are judged, by parity."""

SHARE_INSIDE_LEAST = 0.7
"""Below this share of fair values inside their quotes the smile is the wrong shape: say so, raise no alarm."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Fair values of one chain. Arrays (n,), rows as the chain; NaN where no judgement is possible.

    `model_error` in $/share; `y` standardised log-moneyness; `residual` in units of its own noise; `live` counts the
    out-of-the-money strikes with a bid; `delta` per dollar of forward; vols per sqrt(year) of the quotes themselves.
    """

    forward: float
    atm_vol: float
    degree: int | None
    live: int
    quality: SmileQuality
    share_inside: float
    fair: Array
    fair_iv: Array
    iv: Array
    bid_iv: Array
    ask_iv: Array
    delta: Array
    y: Array
    half_spread: Array
    model_error: Array
    residual: Array
    judged: BoolArray


def judge(
    grid: StrikeGrid, strike: Array, is_call: BoolArray, bid: Array, ask: Array, *, usable: BoolArray, years: float
) -> Judgement:
    """Fair value of every contract. Arrays (n,), dollars; `usable` rows may be fitted and judged; years > 0.

    Never raises on bad quotes: what cannot be judged is NaN, and `quality` says why.
    """
    low, high = np.where(usable, bid, np.nan), np.where(usable, ask, np.nan)
    forward = parity_forward(strike, is_call, low, high).value
    start = fair_chain(strike, is_call, low, high, forward=forward, years=years)
    quotes = _Quotes.of(grid, strike, is_call, low, high)
    if start.smile is None or not np.isfinite(start.sigma_atm):
        return _unjudged(start, quotes)
    fit = _Fit.start(start, quotes, years)
    for _ in range(LINEARISATIONS):
        fit = _refine(fit, quotes)
    return _assemble(start, fit, quotes)


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
    """A forward and a vol per strike (m,), with what follows from them; `outside` the live range of strikes."""

    forward: float
    atm_vol: float
    years: float
    vol: Array
    y: Array
    value: Array
    call_delta: Array
    vega: Array
    outside: BoolArray

    @classmethod
    def start(cls, start: FairChain, quotes: _Quotes, years: float) -> _Fit:
        """From the out-of-the-money smile."""
        assert start.smile is not None  # noqa: S101  the caller has looked
        strikes = quotes.grid.strikes
        y = np.log(strikes / start.forward) / (start.sigma_atm * np.sqrt(years))
        tolerance = 1e-9
        outside = (y < start.smile.lowest - tolerance) | (y > start.smile.highest + tolerance)
        vol = start.smile.vol(y)
        return cls.of(start.forward, vol, strikes, atm_vol=start.sigma_atm, years=years, outside=outside)

    @classmethod
    def of(
        cls, forward: float, vol: Array, strikes: Array, *, atm_vol: float, years: float, outside: BoolArray
    ) -> _Fit:
        """Value, delta and vega at every strike."""
        root = np.sqrt(years)
        log_ratio = np.log(strikes / forward)
        vol = np.maximum(vol, 0.05 * atm_vol)
        deviation = vol * root
        d1 = deviation / 2 - log_ratio / deviation
        return cls(
            forward=forward,
            atm_vol=atm_vol,
            years=years,
            vol=vol,
            y=log_ratio / (atm_vol * root),
            value=time_value(forward, strikes, vol, years),
            call_delta=normal_cdf(d1),
            vega=forward * normal_density(d1) * root,
            outside=outside,
        )

    def fair(self, quotes: _Quotes) -> Array:
        """Fair price of every contract, (n,)."""
        signed = np.where(quotes.is_call, self.forward - quotes.strike, quotes.strike - self.forward)
        return np.maximum(signed, 0.0) + self.value[quotes.grid.row_strike]

    def delta(self, quotes: _Quotes) -> Array:
        """Per dollar of forward, (n,)."""
        call = self.call_delta[quotes.grid.row_strike]
        return np.where(quotes.is_call, call, call - 1.0)

    def error(self, quotes: _Quotes) -> Array:
        """What the value may be wrong by beyond the live strikes: as much as itself, (n,) dollars."""
        return np.where(self.outside, self.value, 0.0)[quotes.grid.row_strike]


def _held(fit: _Fit) -> Array:
    """y held inside the live range, where the polynomial knows something."""
    inside = fit.y[~fit.outside]
    held: Array = np.minimum(np.maximum(fit.y, inside.min()), inside.max())
    return held


def _refine(fit: _Fit, quotes: _Quotes) -> _Fit:
    """One linearisation: all quotes of both rights against shape and forward together, bisquare, prior on shape."""
    row = quotes.grid.row_strike
    powers = np.vander(_held(fit), DEGREE + 1, increasing=True)
    sensitivity = powers * fit.vega[:, None]
    design = np.concatenate([sensitivity[row], fit.delta(quotes)[:, None]], axis=1)
    gap = quotes.mid - fit.fair(quotes) + (fit.vega * fit.vol)[row]
    noise = np.hypot(quotes.noise, fit.error(quotes))
    use = np.flatnonzero(np.isfinite(gap) & (np.abs(fit.y[row]) < 2 * MAX_ABS_Y))
    if use.size <= 2:
        return fit
    design, gap, weight = design[use], gap[use], 1.0 / noise[use]
    precision = np.append(1.0 / (PRIOR_DEVIATION * fit.atm_vol) ** 2, 1e-6)
    mean = np.append(PRIOR_MEAN * fit.atm_vol, 0.0)
    residual = weight * (gap - (fit.vega * fit.vol)[row][use])
    for temperature in TEMPERATURES:
        scale = max(1.4826 * float(np.median(np.abs(residual))), SCALE_FLOOR)
        robust = np.maximum(1 - (residual / (temperature * BISQUARE * scale)) ** 2, 0.0) * weight / scale
        robust *= robust
        weighted = design * robust[:, None]
        normal = design.T @ weighted
        normal.flat[:: normal.shape[0] + 1] += precision
        solution = np.linalg.solve(normal, weighted.T @ gap + precision * mean)
        residual = weight * (gap - design @ solution)
    forward = fit.forward + float(solution[-1])
    vol = powers @ solution[:-1]
    return _Fit.of(forward, vol, quotes.grid.strikes, atm_vol=fit.atm_vol, years=fit.years, outside=fit.outside)


def _by_parity(start: FairChain, quotes: _Quotes) -> tuple[Array, Array]:
    """(fair, error) without a smile, (n,): intrinsic plus the partner's mid, where the partner is nearly worthless.

    In the last minutes most in-the-money contracts are worth their intrinsic value on the forward and a cent at most.
    """
    signed = np.where(quotes.is_call, start.forward - quotes.strike, quotes.strike - start.forward)
    partner = padded(quotes.mid)[quotes.grid.partner]
    with np.errstate(invalid="ignore"):
        known = (signed > 0) & (partner <= PARTNER_MOST)
    return np.where(known, signed + partner, np.nan), np.where(known, padded(quotes.half)[quotes.grid.partner], np.nan)


def _unjudged(start: FairChain, quotes: _Quotes) -> Judgement:
    """No smile: intrinsic values on the forward, where enough strikes agree on one, and no verdict on any other."""
    n = quotes.strike.size
    nan = np.full(n, np.nan)
    fair, error = _by_parity(start, quotes) if quotes.grid.strikes.size >= PARITY_STRIKES else (nan, nan)
    residual = price_residual(quotes.mid, fair, quotes.half, error)
    signed = np.sign(quotes.strike - start.forward)
    return Judgement(
        forward=start.forward,
        atm_vol=start.sigma_atm,
        degree=None,
        live=start.live_strikes,
        quality=SmileQuality.NOT_ENOUGH_STRIKES if n else SmileQuality.NONE,
        share_inside=np.nan,
        fair=fair,
        fair_iv=nan,
        iv=start.mid_vol,
        bid_iv=start.bid_vol,
        ask_iv=start.ask_vol,
        delta=nan,
        y=np.where(np.isfinite(fair), signed * np.inf, np.nan),
        half_spread=quotes.half,
        model_error=error,
        residual=residual,
        judged=np.isfinite(residual),
    )


def _assemble(start: FairChain, fit: _Fit, quotes: _Quotes) -> Judgement:
    """Everything a reader of the scan sees, from the final fit."""
    row = quotes.grid.row_strike
    fair, error = fit.fair(quotes), fit.error(quotes)
    residual = price_residual(quotes.mid, fair, quotes.half, error)
    judged = np.isfinite(residual)
    with np.errstate(invalid="ignore"):
        inside = np.abs(quotes.mid - fair) <= quotes.half + 0.005
    band = judged & ~fit.outside[row]
    share = float(inside[band].mean()) if band.any() else float("nan")
    good = start.quality is not SmileVerdict.NOT_ENOUGH_STRIKES and share >= SHARE_INSIDE_LEAST
    return Judgement(
        forward=fit.forward,
        atm_vol=float(np.interp(0.0, fit.y, fit.vol)),
        degree=DEGREE,
        live=start.live_strikes,
        quality=SmileQuality.GOOD if good else SmileQuality.LOW_CONFIDENCE,
        share_inside=share,
        fair=fair,
        fair_iv=fit.vol[row],
        iv=start.mid_vol,
        bid_iv=start.bid_vol,
        ask_iv=start.ask_vol,
        delta=fit.delta(quotes),
        y=fit.y[row],
        half_spread=quotes.half,
        model_error=error,
        residual=residual,
        judged=judged,
    )
