"""The plain robust smile of option-analytics 2, out-of-the-money options only: the peer the product's fit is held to.

A bisquare polynomial in standardised log-moneyness. The product fits forward and smile jointly to both rights
(apps/market/joint_fit.py); this one stays here to show that it is at least as close to the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from apps.market.chain import Array

BISQUARE: Final = 4.685
"""Beaton and Tukey (1974): 95 % efficient on clean data, zero weight beyond."""

L1_STEPS: Final = 4
BISQUARE_STEPS: Final = 8
SCALE_FLOOR: Final = 0.3
"""Smallest robust scale, in standard deviations of a quote: a tick grid can make the MAD nearly zero."""

LOWEST_VOL_SHARE: Final = 0.25
"""Between strikes the polynomial may not fall below this share of the lowest fitted vol."""


class SmileUndetermined(ValueError):
    """Fewer usable strikes than coefficients: lower the degree, or judge by bounds and arbitrage only."""


@dataclass(frozen=True, slots=True)
class Smile:
    """sigma(y) = polynomial in (y - centre)/half_width; held at its edge value outside [lowest, highest].

    `scale`: robust standard deviation of the residuals in quote standard deviations; `kept`: share of the weights that
    the outlier rule left above one half.
    """

    coefficients: Array
    centre: float
    half_width: float
    lowest: float
    highest: float
    floor: float
    degree: int
    scale: float
    kept: float

    def vol(self, y: Array) -> Array:
        """Vol per sqrt(year) at standardised log-moneyness y, any shape; NaN stays NaN."""
        z = np.fmin(np.fmax(np.asarray(y, dtype=float), self.lowest), self.highest) + 0.0 * np.asarray(y, dtype=float)
        z = (z - self.centre) / self.half_width
        total = np.full(z.shape, self.coefficients[-1])
        for coefficient in self.coefficients[-2::-1]:
            total *= z
            total += coefficient
        return np.maximum(total, self.floor)


def degree_for(live_strikes: int) -> int:
    """Degree that so many live strikes can carry (option-analytics 2); below two there is no smile (-1)."""
    for least, degree in ((14, 4), (9, 3), (6, 2), (4, 1), (2, 0)):
        if live_strikes >= least:
            return degree
    return -1


def fit_smile(log_moneyness: Array, vol: Array, weight: Array, *, degree: int) -> Smile:
    """Robust polynomial of vol in standardised log-moneyness.

    Shapes: three arrays (n,), n > degree. Units: vol per sqrt(year); weight = 1/(standard deviation of the vol), so
    that weighted residuals are in standard deviations of a quote. Bisquare IRLS (Beaton and Tukey 1974), scale =
    1.4826 MAD with a floor, started from an L1 fit. Raises SmileUndetermined when fewer than degree + 1 weights are
    positive or the strikes do not determine the polynomial.
    """
    usable = np.isfinite(log_moneyness) & np.isfinite(vol) & (weight > 0)
    if degree < 0 or np.count_nonzero(usable) < degree + 1:
        raise SmileUndetermined(f"{np.count_nonzero(usable)} live strikes cannot determine a smile of degree {degree}")
    y, sigma, w = log_moneyness[usable], vol[usable], weight[usable]
    lowest, highest = float(y.min()), float(y.max())
    half_width = (highest - lowest) / 2 or 1.0
    centre = (highest + lowest) / 2
    powers = np.vander((y - centre) / half_width, degree + 1, increasing=True)
    coefficients, scale, kept = _robust_fit(powers * w[:, None], sigma * w)
    return Smile(
        coefficients=coefficients,
        centre=centre,
        half_width=half_width,
        lowest=lowest,
        highest=highest,
        floor=LOWEST_VOL_SHARE * float(sigma.min()),
        degree=degree,
        scale=scale,
        kept=kept,
    )


def _robust_fit(design: Array, target: Array) -> tuple[Array, float, float]:
    """Coefficients, scale and share kept of the bisquare fit; rows already carry their weights."""
    coefficients = _solve(design, design, target)
    transposed = np.ascontiguousarray(design.T)
    for _ in range(L1_STEPS):
        residual = np.abs(target - design @ coefficients)
        coefficients = _normal_equations(transposed, design, target, 1 / np.fmax(residual, 0.05))
    robust = np.ones_like(target)
    scale = SCALE_FLOOR
    for _ in range(BISQUARE_STEPS):
        residual = target - design @ coefficients
        scale = max(1.4826 * _median(np.abs(residual)), SCALE_FLOOR)
        ratio = residual * (1 / (BISQUARE * scale))
        robust = np.square(np.fmax(1 - ratio * ratio, 0.0))
        coefficients = _normal_equations(transposed, design, target, robust)
    return coefficients, scale, float(np.count_nonzero(robust > 0.5) / robust.size)


def _normal_equations(transposed: Array, design: Array, target: Array, robust: Array) -> Array:
    weighted = transposed * robust
    return _solve_square(weighted @ design, weighted @ target)


def _solve(left: Array, design: Array, target: Array) -> Array:
    return _solve_square(left.T @ design, left.T @ target)


def _solve_square(matrix: Array, vector: Array) -> Array:
    try:
        solution: Array = np.asarray(np.linalg.solve(matrix, vector), dtype=float)
    except np.linalg.LinAlgError as error:
        raise SmileUndetermined("the live strikes do not determine the smile: they coincide") from error
    if not np.isfinite(solution).all():
        raise SmileUndetermined("the live strikes do not determine the smile: they coincide")
    return solution


def _median(values: Array) -> float:
    ordered = np.sort(values)
    return float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2
