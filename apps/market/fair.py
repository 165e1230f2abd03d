"""Fair prices of a chain from its own smile, call and put of a strike against the same vol. Pure; judges nobody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from apps.market.black import black_price
from apps.market.chain import Array, BoolArray
from apps.market.forward import two_sided
from apps.market.implied_vol import implied_vol
from apps.market.mills import normal_density
from apps.market.smile import Smile, SmileUndetermined, degree_for, fit_smile

FARTHEST: Final = 4.0
"""Beyond this many deviations a contract is judged by bounds and arbitrage only."""

HALF_SPREAD_FLOOR: Final = 0.005
TICK_DEVIATION: Final = 0.0029
"""Standard deviation of rounding to one cent, dollars."""

LEAST_SHARE_INSIDE: Final = 0.7
LEAST_STRIKES: Final = 4


class SmileVerdict(StrEnum):
    """Whether there was a smile to judge against; the values are those of the wire's `SmileQuality`."""

    GOOD = "good"
    LOW_CONFIDENCE = "low_confidence"
    NOT_ENOUGH_STRIKES = "not_enough_strikes"


@dataclass(frozen=True, slots=True)
class FairChain:
    """Arrays (n,) in the chain's row order; prices in dollars, vols per sqrt(year), NaN where there is none.

    `fair` and `fair_vol` are NaN beyond |y| = 4 and without a smile; `mid_vol` is NaN where the bid is zero (there the
    quote says [0, ask], not a mid). `half_spread` has its half-cent floor. `extrapolation` is the error e_i: the time
    value outside the live range, else 0. `share_inside`: share of the live strikes whose fitted price lies inside the
    quote, NaN without a smile.
    """

    forward: float
    years: float
    sigma_atm: float
    smile: Smile | None
    quality: SmileVerdict
    degree: int
    live_strikes: int
    share_inside: float
    log_moneyness: Array
    fair: Array
    fair_vol: Array
    mid_vol: Array
    bid_vol: Array
    ask_vol: Array
    half_spread: Array
    extrapolation: Array
    outside_live: BoolArray


def fair_chain(strike: Array, is_call: BoolArray, bid: Array, ask: Array, *, forward: float, years: float) -> FairChain:
    """Fit the out-of-the-money smile of one expiry and price every row with it; four arrays (n,), any order.

    Fitted: the out-of-the-money option of each strike with a live two-sided quote (bid > 0) and |y| < 4, where
    y = ln(K/F) / (sigma_atm sqrt(years)); weight vega/hypot(half-spread, tick deviation). A forward that is not a
    positive number, or years <= 0, gives no smile and no prices, never an error.
    """
    usable = np.isfinite(forward) and forward > 0 and years > 0
    forward, years = (float(forward), float(years)) if usable else (float("nan"), float("nan"))
    mid_vol, bid_vol, ask_vol = implied_vol(np.stack(((bid + ask) / 2, bid, ask)), forward, strike, is_call, years)
    half_spread = np.fmax((ask - bid) / 2, HALF_SPREAD_FLOOR)
    outer = two_sided(bid, ask) & np.isfinite(mid_vol) & (is_call == (strike >= forward))
    log_ratio = np.log(strike / forward)
    sigma_atm = _atm_vol(log_ratio[outer], mid_vol[outer])
    y = log_ratio / (sigma_atm * np.sqrt(years))
    near = np.abs(y) < FARTHEST
    chosen = np.flatnonzero(outer & near)
    noise = np.hypot(half_spread[chosen], TICK_DEVIATION)
    smile = _fit(y[chosen], mid_vol[chosen], noise, log_ratio=log_ratio[chosen], forward=forward, years=years)
    fair = fair_vol = np.full(strike.shape, np.nan)
    outside = np.ones(strike.shape, dtype=bool)
    share, extrapolation = float("nan"), np.zeros(strike.shape)
    if smile is not None:
        fair_vol = np.where(near, smile.vol(y), np.nan)
        fair = black_price(forward, strike, is_call, fair_vol, years)
        outside = (y < smile.lowest) | (y > smile.highest)
        intrinsic = np.fmax(np.where(is_call, forward - strike, strike - forward), 0.0)
        extrapolation = np.where(outside & near, fair - intrinsic, 0.0)
        share = _share_inside(fair[chosen], bid[chosen], ask[chosen])
    return FairChain(
        forward=forward,
        years=years,
        sigma_atm=sigma_atm,
        smile=smile,
        quality=_verdict(smile, chosen.size, share),
        degree=smile.degree if smile is not None else -1,
        live_strikes=int(chosen.size),
        share_inside=share,
        log_moneyness=y,
        fair=fair,
        fair_vol=fair_vol,
        mid_vol=np.where(bid > 0, mid_vol, np.nan),
        bid_vol=bid_vol,
        ask_vol=ask_vol,
        half_spread=half_spread,
        extrapolation=extrapolation,
        outside_live=outside,
    )


def _atm_vol(log_ratio: Array, vol: Array) -> float:
    """First pass: median vol of the four live strikes nearest the money; NaN when there is none."""
    if not vol.size:
        return float("nan")
    return float(np.median(vol[np.argsort(np.abs(log_ratio))[:4]]))


def _fit(y: Array, vol: Array, noise: Array, *, log_ratio: Array, forward: float, years: float) -> Smile | None:
    degree = degree_for(y.size)
    if degree < 0:
        return None
    deviation = vol * np.sqrt(years)
    vega = forward * normal_density(deviation / 2 - log_ratio / deviation) * np.sqrt(years)
    try:
        return fit_smile(y, vol, vega / noise, degree=degree)
    except SmileUndetermined:
        return None


def _share_inside(fair: Array, bid: Array, ask: Array) -> float:
    inside = (fair >= bid - HALF_SPREAD_FLOOR) & (fair <= ask + HALF_SPREAD_FLOOR)
    return float(np.count_nonzero(inside) / inside.size)


def _verdict(smile: Smile | None, live_strikes: int, share: float) -> SmileVerdict:
    if smile is None or live_strikes < LEAST_STRIKES:
        return SmileVerdict.NOT_ENOUGH_STRIKES
    return SmileVerdict.GOOD if share >= LEAST_SHARE_INSIDE else SmileVerdict.LOW_CONFIDENCE
