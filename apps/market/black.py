"""Undiscounted Black price and greeks of options on a forward. Pure; never fits, inverts or judges anything.

Black (1976), "The pricing of commodity contracts". Rates within a session are worth less than 0.01 c on an
out-of-the-money option, so neither price nor greeks are discounted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.market.chain import Array, BoolArray
from apps.market.mills import SERIES_BELOW, mills, mills_slope, normal_density

DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class Greeks:
    """Arrays of the broadcast shape; NaN where an input is not a price model's (vol, years, forward, strike <= 0).

    `delta` per dollar of forward; `gamma` delta per dollar; `vega` dollars per vol point (0.01); `theta` dollars per
    calendar day, negative for a long option.
    """

    delta: Array
    gamma: Array
    vega: Array
    theta: Array


@dataclass(frozen=True, slots=True)
class _Terms:
    forward: Array
    strike: Array
    deviation: Array
    d1: Array
    d2: Array
    valid: BoolArray


def _terms(forward: npt.ArrayLike, strike: npt.ArrayLike, vol: npt.ArrayLike, years: npt.ArrayLike) -> _Terms:
    f, k = np.asarray(forward, dtype=float), np.asarray(strike, dtype=float)
    v, t = np.asarray(vol, dtype=float), np.asarray(years, dtype=float)
    deviation = v * np.sqrt(t)
    d1 = np.log1p((f - k) / k) / deviation + deviation / 2
    valid = (f > 0) & (k > 0) & (v > 0) & (t > 0) & np.isfinite(deviation)
    return _Terms(f, k, deviation, d1, d1 - deviation, valid)


def black_price(
    forward: npt.ArrayLike, strike: npt.ArrayLike, is_call: npt.ArrayLike, vol: npt.ArrayLike, years: npt.ArrayLike
) -> Array:
    """Undiscounted Black (1976) price, dollars. All arguments broadcast; vol per sqrt(year), years = calendar.

    At vol = 0 or years = 0 the price is the intrinsic value; NaN or a negative vol, years, forward or strike gives
    NaN. The out-of-the-money side is priced and intrinsic added, so that small time values keep their digits.
    """
    f, k = np.asarray(forward, dtype=float), np.asarray(strike, dtype=float)
    call = np.asarray(is_call, dtype=bool)
    v, t = np.asarray(vol, dtype=float), np.asarray(years, dtype=float)
    with np.errstate(all="ignore"):
        intrinsic = np.maximum(np.where(call, f - k, k - f), 0.0)
        price = intrinsic + time_value(f, k, v, t)
        flat = (v == 0) | (t == 0)
        price = np.where(flat & (v >= 0) & (t >= 0), intrinsic, price)
        return np.where((f > 0) & (k > 0), price, np.nan)


def time_value(forward: npt.ArrayLike, strike: npt.ArrayLike, vol: npt.ArrayLike, years: npt.ArrayLike) -> Array:
    """Price of the out-of-the-money option at each strike, the same for call and put by parity; NaN where undefined.

    b = phi(h) exp(-t^2/2) [Y(h - t) - Y(h + t)] with h = |ln F/K| / s, t = s/2, s = vol sqrt(years): by the series of
    the bracket while s is small, by the difference for h >= t, else through the upper bound, so that no two numbers
    near one another are subtracted.
    """
    f, k = np.asarray(forward, dtype=float), np.asarray(strike, dtype=float)
    v, years_ = np.asarray(vol, dtype=float), np.asarray(years, dtype=float)
    with np.errstate(all="ignore"):
        s = v * np.sqrt(years_)
        x = np.abs(np.log1p((f - k) / k))
        h, t = x / s, s / 2
        shape = np.broadcast(h, t).shape
        arguments = np.empty((2, *shape))
        np.subtract(h, t, out=arguments[0, ...])
        np.add(h, t, out=arguments[1, ...])
        lower = arguments[0, ...] >= 0
        np.abs(arguments[0, ...], out=arguments[0, ...])
        near, far = mills(arguments)
        level = np.exp(-(h * h + t * t) / 2) / np.sqrt(2 * np.pi)
        root = np.sqrt(f * k)
        value = np.where(lower, level * (near - far), np.exp(-x / 2) - level * (near + far))
        value = root * np.where(s < SERIES_BELOW, level * s * mills_slope(h, t * t), value)
        value = np.where((v > 0) & (years_ > 0) & (f > 0) & (k > 0), value, np.nan)
        return np.where(np.isfinite(s), value, np.nan)


def greeks(
    forward: npt.ArrayLike, strike: npt.ArrayLike, is_call: npt.ArrayLike, vol: npt.ArrayLike, years: npt.ArrayLike
) -> Greeks:
    """Black greeks at each option; arguments broadcast. Units in `Greeks`; NaN where the inputs have no Black price."""
    with np.errstate(all="ignore"):
        terms = _terms(forward, strike, vol, years)
        t = np.asarray(years, dtype=float)
        density = normal_density(terms.d1)
        tail = density * mills(np.abs(terms.d1))
        call_delta = np.where(terms.d1 > 0, 1 - tail, tail)
        put_delta = np.where(terms.d1 > 0, -tail, tail - 1)
        delta = np.where(np.asarray(is_call, dtype=bool), call_delta, put_delta)
        gamma = density / (terms.forward * terms.deviation)
        vega = terms.forward * density * np.sqrt(t)
        theta = -vega * np.asarray(vol, dtype=float) / (2 * t)
        valid = np.broadcast_to(terms.valid, delta.shape)
        arrays = (delta, gamma, vega * 0.01, theta / DAYS_PER_YEAR)
        return Greeks(*(np.where(valid, values, np.nan) for values in arrays))
