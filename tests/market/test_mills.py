"""The Mills ratio against scipy and mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.special import erfcx, ndtr

from apps.market.mills import COEFFICIENTS, SERIES_BELOW, mills, mills_slope, normal_cdf
from tests.market.golden.make_golden import mills_coefficients

U = np.concatenate([np.linspace(0, 12, 5_001), np.geomspace(12, 1e8, 2_000)])


def test_mills_agrees_with_scipy_to_a_few_units_in_the_last_place() -> None:
    reference = np.sqrt(np.pi / 2) * erfcx(U / np.sqrt(2))
    assert np.abs(mills(U) / reference - 1).max() < 1.5e-15


def test_mills_agrees_with_mpmath_to_1e_15() -> None:
    with mpmath.workdps(40):
        points = [0.0, 1e-9, 0.057, 0.5, 1.0, 2.7, 5.5, 9.0, 37.0]
        reference = [
            float(mpmath.sqrt(mpmath.pi / 2) * mpmath.exp(mpmath.mpf(u) ** 2 / 2) * mpmath.erfc(u / mpmath.sqrt(2)))
            for u in points
        ]
    np.testing.assert_allclose(mills(np.array(points)), reference, rtol=1e-15)


def test_the_coefficients_are_those_the_generator_computes() -> None:
    assert mills_coefficients() == pytest.approx(list(COEFFICIENTS), rel=1e-12, abs=1e-18)


@pytest.mark.parametrize("t", [1e-6, 1e-3, 0.02, SERIES_BELOW / 2])
def test_the_slope_series_equals_the_difference_of_two_mills_ratios(t: float) -> None:
    h = np.linspace(0, 9, 19)
    with mpmath.workdps(40):

        def ratio(u: mpmath.mpf) -> mpmath.mpf:
            return mpmath.ncdf(-u) / mpmath.npdf(u)

        reference = [float((ratio(mpmath.mpf(u) - t) - ratio(mpmath.mpf(u) + t)) / (2 * mpmath.mpf(t))) for u in h]
    np.testing.assert_allclose(mills_slope(h, np.full_like(h, t * t)), reference, rtol=3e-13)


def test_the_normal_distribution_keeps_its_tails() -> None:
    z = np.linspace(-37, 9, 2_000)
    np.testing.assert_allclose(normal_cdf(z), ndtr(z), rtol=1e-12)


def test_nan_stays_nan_and_shapes_are_kept() -> None:
    values = mills(np.array([[0.0, np.nan], [1.0, 2.0]]))
    assert values.shape == (2, 2)
    assert np.isnan(values[0, 1])
    assert np.isfinite(values[1]).all()
