"""Pricing of the simulator: Black's formula and mixtures of it. Never shares a formula with apps/market.

The market package works with Mills ratios and fits polynomials of vol. Here a distribution is priced: a mixture of
lognormals, whose prices are free of arbitrage at every scale because each of them is an expectation. Prices are
undiscounted and without carry: inside one session both are below a spread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_NODES_PER_UNIT = 256
_REACH = 9.0
_SD_FLOOR = 1e-7
"""Total standard deviation below which an option is its intrinsic value."""


@cache
def _cdf_table() -> tuple[Array, Array]:
    nodes = np.arange(-_REACH * _NODES_PER_UNIT, _REACH * _NODES_PER_UNIT + 1) / _NODES_PER_UNIT
    cdf = np.array([0.5 * math.erfc(-node / math.sqrt(2)) for node in nodes])
    return cdf, normal_pdf(nodes)


def normal_pdf(x: Array) -> Array:
    """Standard normal density, any shape."""
    density: Array = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return density


def normal_cdf(x: Array) -> Array:
    """Standard normal distribution, any shape, absolute error below 1e-11: third-order Taylor from a table's node."""
    cdf, pdf = _cdf_table()
    clipped = np.clip(x, -_REACH, _REACH)
    node = np.rint(clipped * _NODES_PER_UNIT)
    index = node.astype(np.int64) + int(_REACH * _NODES_PER_UNIT)
    at = node / _NODES_PER_UNIT
    h = clipped - at
    value: Array = cdf[index] + pdf[index] * h * (1 - 0.5 * at * h + (at * at - 1) * h * h / 6)
    return value


def black_call(forward: Array, strike: Array, total_sd: Array) -> Array:
    """Undiscounted call price, dollars. Shapes broadcast; `total_sd` is vol times the root of time."""
    sd = np.maximum(total_sd, _SD_FLOOR)
    d1 = np.log(forward / strike) / sd + 0.5 * sd
    value: Array = forward * normal_cdf(d1) - strike * normal_cdf(d1 - sd)
    return np.maximum(value, np.maximum(forward - strike, 0.0))


def implied_total_sd(price: Array, forward: Array | float, strike: Array, is_call: npt.NDArray[np.bool_]) -> Array:
    """Total standard deviation at which Black's formula gives `price`; NaN where none does. Shapes (n,) or scalar.

    Bisection in price, 50 halvings of [0, 5]: slow and sure, for calibration and tests only.
    """
    call = np.where(is_call, price, price + forward - strike)
    low, high = np.zeros_like(call), np.full_like(call, 5.0)
    for _ in range(50):
        middle = 0.5 * (low + high)
        under = black_call(np.asarray(forward), strike, middle) < call
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    intrinsic = np.maximum(forward - strike, 0.0)
    solvable = (call > intrinsic + 1e-9) & (call < forward)
    return np.where(solvable, 0.5 * (low + high), np.nan)


@dataclass(frozen=True, slots=True)
class Mixture:
    """A distribution of ln(expiry price / forward) in units of the at-the-money total standard deviation.

    Component j has weight `weight[j]`, mean `shift[j]` and standard deviation `width[j]`, shapes (m,). The mean of
    the price is the forward at every scale.
    """

    weight: Array
    shift: Array
    width: Array

    def call(self, forward: Array, strike: Array, total_sd: Array) -> Array:
        """Call prices of shape (t, n), dollars, from forward (t,), strike (n,) and at-the-money total sd (t,)."""
        sd = np.maximum(total_sd, _SD_FLOOR)[:, None]
        drift = np.log(np.sum(self.weight * np.exp(self.shift * sd), axis=1, keepdims=True))
        moneyness = np.log(forward[:, None] / strike)
        value = np.zeros_like(moneyness)
        for weight, shift, width in zip(self.weight, self.shift, self.width, strict=True):
            own_sd = width * sd
            own_drift = shift * sd - drift
            d1 = (moneyness + own_drift) / own_sd + 0.5 * own_sd
            own_forward = forward[:, None] * np.exp(own_drift)
            value += weight * (own_forward * normal_cdf(d1) - strike * normal_cdf(d1 - own_sd))
        return np.maximum(value, np.maximum(forward[:, None] - strike, 0.0))

    def scaled(self, factor: float) -> Mixture:
        """The same shape in units `factor` times as large."""
        return Mixture(self.weight, self.shift * factor, self.width * factor)


@dataclass(frozen=True, slots=True)
class Greeks:
    """Model values per contract, shape (n,): vol a fraction a year, vega per vol point, theta per calendar day."""

    vol: Array
    delta: Array
    gamma: Array
    vega: Array
    theta: Array


def greeks(
    forward: float, strike: Array, is_call: npt.NDArray[np.bool_], total_sd: Array, seconds_to_expiry: float
) -> Greeks:
    """Black's greeks at each contract's own total standard deviation, shape (n,). NaN vol after the expiry."""
    years = max(seconds_to_expiry, 30.0) / (365 * 86_400)
    sd = np.maximum(total_sd, _SD_FLOOR)
    d1 = np.log(forward / strike) / sd + 0.5 * sd
    density = normal_pdf(d1)
    vol = sd / math.sqrt(years)
    return Greeks(
        vol=vol if seconds_to_expiry > 0 else np.full_like(vol, np.nan),
        delta=normal_cdf(d1) - np.where(is_call, 0.0, 1.0),
        gamma=density / (forward * sd),
        vega=forward * density * math.sqrt(years) / 100,
        theta=-forward * density * vol / (2 * math.sqrt(years)) / 365,
    )
