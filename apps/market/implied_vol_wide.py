"""The wide branch of implied volatility: any expiry, any distance, more steps. Pure; called by `implied_vol` only.

Below the inflection point s = sqrt(2x) the logarithm of the price is solved for, above it the logarithm of the distance
to the upper bound; both are sums or differences of two Mills ratios with positive arguments, and both are concave in
s, so that Householder steps from the left cannot diverge. The number of steps is fixed.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from apps.market.chain import Array, BoolArray
from apps.market.mills import SERIES_BELOW, mills, mills_slope

_STEPS: Final = 8
_LARGEST: Final = 60.0
_LOG_ROOT_TWO_PI: Final = float(np.log(np.sqrt(2 * np.pi)))


def solve_wide(x: Array, log_beta_over_x: Array, start: Array) -> Array:
    """s = vol sqrt(years) for x = |ln F/K| > 0 and ln(beta/x), arrays (n,); NaN at or above the upper bound.

    `start`: the normal model's s, which is never above the answer; NaN where it is not known (far wings).
    """
    with np.errstate(all="ignore"):
        beta = np.exp(log_beta_over_x) * x
        bound = np.exp(-x / 2)
        inflection = np.sqrt(2 * x)
        middle = np.sqrt(x / 2)
        at_inflection = np.exp(-(middle**2)) * (mills(np.zeros_like(x)) - mills(2 * middle)) / np.sqrt(2 * np.pi)
        upper = beta >= at_inflection
        target = np.where(upper, np.log(bound - beta), log_beta_over_x + np.log(x))
        lower = np.minimum(np.where(np.isnan(start), _far_start(x, log_beta_over_x), start), inflection)
        s = np.where(upper, np.maximum(inflection, beta * np.sqrt(2 * np.pi)), lower)
        for _ in range(_STEPS):
            s = _step(s, x, target, upper)
        return np.where((beta > 0) & (beta < bound) & (s > 0) & (s < _LARGEST), s, np.nan)


def _far_start(x: Array, v: Array) -> Array:
    """Normal model far out: v = -h^2/2 - ln(sqrt 2 pi) - ln(h (h^2 + 1)), solved for h in three passes from above."""
    h: Array = np.sqrt(-2 * (v + _LOG_ROOT_TWO_PI))
    for _ in range(3):
        h = np.sqrt(-2 * (v + _LOG_ROOT_TWO_PI + np.log((h * h + 1) * h)))
    return x / h


def _step(s: Array, x: Array, target: Array, upper: BoolArray) -> Array:
    h, t = x / s, s / 2
    near, far = mills(np.stack((np.abs(h - t), h + t)))
    spread = np.where(upper, near + far, near - far)
    small = (s < SERIES_BELOW) & ~upper
    if small.any():
        spread[small] = s[small] * mills_slope(h[small], t[small] ** 2)
    value = -(h * h + t * t) / 2 - _LOG_ROOT_TWO_PI + np.log(spread)
    # In the upper region the bracket falls with s: its sign carries through every derivative.
    bracket = np.where(upper, -spread, spread)
    n = (target - value) * bracket / s
    w = s / bracket
    b2 = h * h - t * t
    c = b2 * b2 - 3 * h * h - t * t - 3 * b2 * w + 2 * w * w
    a = b2 - w
    r = n * (1 + a * n / 2) / (1 + a * n + c * n * n / 6)
    r = np.where(np.isfinite(r) & (np.abs(r) < 1), r, n)
    return np.asarray(s * (1 + np.clip(r, -0.7, 2.0)))
