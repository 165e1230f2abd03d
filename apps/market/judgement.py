"""What every contract should be worth given all the others, and how far its quote is from that. Pure.

Call and put at one strike share their time value given the forward, so each quote is a second opinion on its partner:
both are fitted, both are judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from apps.market.chain import Array, BoolArray
from apps.market.grid import NEIGHBOURS, StrikeGrid, padded
from apps.market.implied_vol import implied_vol
from apps.market.joint_fit import DEGREE, MAX_ABS_Y, Quotes, SmileFit, fit_jointly
from apps.market.residuals import median, price_residual
from apps.market.terms import SmileQuality

LEAST_LIVE = 2
"""With one live strike there is nothing to compare it with."""

LEAST_STRIKES = 4
"""Below this many live strikes the smile is at best of low confidence, and not enough with few strikes quoted."""

PARITY_STRIKES = 7
PARTNER_MOST = 0.05
"""Without a smile, only contracts whose partner is worth at most this (dollars) are judged, by parity."""

SHARE_INSIDE_LEAST = 0.7
"""Below this share of fair values inside their quotes the smile is the wrong shape: say so, raise no alarm."""

WRONG_SHAPE = 3.0
"""A smile of the wrong shape may be wrong by this many times the median deviation: two robust standard deviations."""

TICK = 0.01
TICK_HALF = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Fair values of one chain. Arrays (n,), rows as the chain; NaN where no judgement is possible.

    `model_error` in $/share; `y` standardised log-moneyness; `residual` in units of its own noise; `live` counts the
    out-of-the-money strikes with a bid; `delta` per dollar of forward; vols per sqrt(year) of the quotes themselves.
    `share_inside`: of the fair values inside the live strikes, those inside their quotes (half a tick allowed).
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
    shape: Array | None
    """Of the smile, if it was a good one: where the next fit may start."""


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    """What the quotes say before any fit."""

    forward: float
    atm_vol: float
    live: BoolArray
    vols: Array


def judge(
    grid: StrikeGrid,
    strike: Array,
    is_call: BoolArray,
    bid: Array,
    ask: Array,
    *,
    forward: float,
    usable: BoolArray,
    years: float,
    carry: float = 0.0,
    shape: Array | None = None,
) -> Judgement:
    """Fair value of every contract. Arrays (n,), dollars; `usable` rows may be fitted and judged; years > 0.

    `forward`: by parity from the usable quotes; NaN when there is none.

    `carry`: what early exercise and discounting may be worth on a contract far in the money, dollars. `shape`: of the
    smile a moment ago, a good start. Never raises on
    bad quotes: what cannot be judged is NaN, and `quality` says why.
    """
    low, high = np.where(usable, bid, np.nan), np.where(usable, ask, np.nan)
    quotes = Quotes.of(grid, strike, is_call, low, high)
    start = _look(quotes, low, high, forward, years)
    live = int(start.live.sum())
    if live < LEAST_LIVE or grid.strikes.size < LEAST_STRIKES:
        return _without_smile(quotes, start, live, carry)
    fit = fit_jointly(quotes, start.live, forward=start.forward, atm_vol=start.atm_vol, years=years, shape=shape)
    return _assemble(quotes, start, fit, carry)


def _look(quotes: Quotes, bid: Array, ask: Array, forward: float, years: float) -> _Start:
    """The quotes' own vols, the live strikes and the vol near the money."""
    strikes = quotes.grid.strikes
    vols = implied_vol(np.stack([quotes.mid, bid, ask]), forward, quotes.strike, quotes.is_call, years)
    rows = np.where(strikes >= forward, quotes.grid.call_row, quotes.grid.put_row)
    vol = padded(vols[0])[rows]
    live = np.isfinite(vol) & (padded(bid)[rows] > 0)
    at = np.flatnonzero(live)
    if not at.size:
        return _Start(forward, float("nan"), live, vols)
    nearest = at[np.argsort(np.abs(strikes[at] - forward))[:4]]
    atm = median(vol[nearest])
    with np.errstate(invalid="ignore"):
        live &= np.abs(np.log(strikes / forward)) < MAX_ABS_Y * atm * np.sqrt(years)
    return _Start(forward, atm, live, vols)


def _by_parity(quotes: Quotes, forward: float, carry: float, most: float) -> tuple[Array, Array]:
    """(fair, error) of contracts in the money, (n,): intrinsic value on the forward plus the partner's mid.

    Only where the partner is worth at most `most`: there the contract is its intrinsic value and a few cents.
    """
    signed = np.where(quotes.is_call, forward - quotes.strike, quotes.strike - forward)
    partner = padded(quotes.mid)[quotes.grid.partner]
    error = padded(quotes.half)[quotes.grid.partner] + carry
    with np.errstate(invalid="ignore"):
        known = (signed > 0) & (partner <= most)
    return np.where(known, signed + partner, np.nan), np.where(known, error, np.nan)


def _without_smile(quotes: Quotes, start: _Start, live: int, carry: float) -> Judgement:
    """Intrinsic values on the forward, where enough strikes agree on one, and no verdict on any other."""
    n = quotes.strike.size
    nan = np.full(n, np.nan)
    enough = quotes.grid.strikes.size >= PARITY_STRIKES
    fair, error = _by_parity(quotes, start.forward, carry, PARTNER_MOST) if enough else (nan, nan)
    residual = price_residual(quotes.mid, fair, quotes.half, error)
    return Judgement(
        forward=start.forward,
        atm_vol=start.atm_vol,
        degree=None,
        live=live,
        quality=SmileQuality.NOT_ENOUGH_STRIKES if n else SmileQuality.NONE,
        share_inside=float("nan"),
        fair=fair,
        fair_iv=nan,
        iv=start.vols[0],
        bid_iv=start.vols[1],
        ask_iv=start.vols[2],
        delta=nan,
        y=np.where(np.isfinite(fair), np.inf, np.nan),
        half_spread=quotes.half,
        model_error=error,
        residual=residual,
        judged=np.isfinite(residual),
        shape=None,
    )


def _common(away: Array, quotes: Quotes) -> Array:
    """What a contract's deviation shares with the same right's next strikes on both sides, (n,) dollars, signed.

    One bad quote stands alone; where both neighbours lie on the same side of the smile, the smile is out of shape there
    by at least the smaller of them. At the end of the range the one neighbour speaks alone. At most a half-spread and a
    tick: what lies farther out than that is no matter of shape, whoever else is out.
    """
    grid = quotes.grid
    around = padded(away)
    below, above = around[grid.neighbours[:, NEIGHBOURS - 1]], around[grid.neighbours[:, NEIGHBOURS]]
    below, above = np.where(np.isnan(below), above, below), np.where(np.isnan(above), below, above)
    with np.errstate(invalid="ignore"):
        least = np.fmin(np.fmin(np.abs(below), np.abs(above)), np.abs(away))
        least = np.minimum(least, quotes.half + TICK)
        together = (below * above > 0) & (below * away > 0)
    return np.where(together, np.copysign(least, away), 0.0)


def _of_both_rights(away: Array, quotes: Quotes) -> Array:
    """What call and put of a strike deviate together, (n,) dollars, signed: under a wrong shape that is the shape."""
    partner = padded(away)[quotes.grid.partner]
    with np.errstate(invalid="ignore"):
        return np.where(partner * away > 0, np.copysign(np.minimum(np.abs(partner), np.abs(away)), away), 0.0)


def _assemble(quotes: Quotes, start: _Start, fit: SmileFit, carry: float) -> Judgement:
    """Everything a reader of the scan sees. Beyond |y| = 4 no smile speaks: in the money parity does, else nobody."""
    row = quotes.grid.row_strike
    y = fit.y[row]
    fair, error = fit.fair(quotes), fit.error(quotes)
    far = np.abs(y) > MAX_ABS_Y
    if far.any():
        by_parity, parity_error = _by_parity(quotes, fit.forward, carry, np.inf)
        fair, error = np.where(far, by_parity, fair), np.where(far, parity_error, error)
    away = quotes.mid - fair
    with np.errstate(invalid="ignore"):
        inside = np.abs(away) <= quotes.half + TICK_HALF
    fair = fair + _common(away, quotes)
    band = np.isfinite(away) & ~fit.outside[row]
    count = int(np.count_nonzero(band))
    share = int(np.count_nonzero(inside & band)) / count if count else float("nan")
    live = int(np.count_nonzero(start.live))
    if share < SHARE_INSIDE_LEAST and live >= LEAST_STRIKES:
        # A wrong shape shows in many strikes; with few, a single error can spoil the share.
        fair = fair + _of_both_rights(quotes.mid - fair, quotes)
        error = np.hypot(error, WRONG_SHAPE * median(np.abs(away[band])))
    residual = price_residual(quotes.mid, fair, quotes.half, error)
    known = np.isfinite(residual)
    quality = SmileQuality.GOOD if share >= SHARE_INSIDE_LEAST else SmileQuality.LOW_CONFIDENCE
    if live < LEAST_STRIKES:
        # In the last half hour few strikes live, but the dead ones' asks hold the shape: a smile, not a sure one.
        enough = np.count_nonzero(known) >= 2 * PARITY_STRIKES
        quality = SmileQuality.LOW_CONFIDENCE if enough else SmileQuality.NOT_ENOUGH_STRIKES
    return Judgement(
        forward=fit.forward,
        atm_vol=float(np.interp(0.0, fit.y, fit.vol)),
        degree=DEGREE,
        live=live,
        quality=quality,
        share_inside=share,
        fair=fair,
        fair_iv=np.where(far, np.nan, fit.vol[row]),
        iv=start.vols[0],
        bid_iv=start.vols[1],
        ask_iv=start.vols[2],
        delta=fit.delta(quotes),
        y=y,
        half_spread=quotes.half,
        model_error=error,
        residual=residual,
        judged=known,
        shape=fit.shape if quality is SmileQuality.GOOD else None,
    )
