"""The simulator's own pricing: against the definition, never against apps.market."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.simulator.calibration import calibrate
from apps.simulator.pricing import Mixture, black_call, greeks, implied_total_sd, normal_cdf
from apps.simulator.scenarios import W_SHAPE

SHAPES = {"smile": calibrate().smile, "w": W_SHAPE}


@given(st.floats(-12, 12))
def test_the_normal_distribution_is_right_to_eleven_digits(x: float) -> None:
    assert abs(float(normal_cdf(np.array([x]))[0]) - 0.5 * math.erfc(-x / math.sqrt(2))) < 1e-11


@given(st.floats(0.0005, 0.05), st.floats(-3, 3))
def test_implied_deviation_brings_back_what_went_in(sd: float, y: float) -> None:
    forward, strike = 594.0, 594.0 * math.exp(y * sd)
    price = black_call(np.array([forward]), np.array([strike]), np.array([sd]))
    found = implied_total_sd(price, forward, np.array([strike]), np.array([True]))
    assert float(found[0]) == pytest.approx(sd, rel=1e-5)


def test_a_price_without_time_value_has_no_vol() -> None:
    prices = np.array([4.0, 3.0, 600.0])
    found = implied_total_sd(prices, 594.0, np.array([590.0, 590.0, 590.0]), np.array([True, True, True]))
    assert np.isnan(found).all()


@pytest.mark.parametrize("name", SHAPES)
@given(st.floats(1e-5, 0.03), st.floats(550, 650))
def test_a_mixtures_prices_are_a_distributions(name: str, sd: float, forward: float) -> None:
    shape: Mixture = SHAPES[name]
    strike = np.arange(540.0, 661.0, 0.5)
    call = shape.call(np.array([forward]), strike, np.array([sd]))[0]
    slope = np.diff(call) / 0.5
    assert (call >= np.maximum(forward - strike, 0) - 1e-9).all()
    assert (slope <= 1e-9).all()
    assert (slope >= -1 - 1e-9).all()
    assert (np.diff(slope) >= -1e-8).all()


def test_a_mixtures_mean_is_the_forward() -> None:
    for shape in SHAPES.values():
        assert float(shape.call(np.array([594.0]), np.array([1e-3]), np.array([0.02]))[0, 0]) == pytest.approx(
            594.0 - 1e-3
        )


def test_the_greeks_of_a_pair_differ_by_one_share() -> None:
    strike, is_call = np.array([590.0, 590.0]), np.array([True, False])
    values = greeks(594.0, strike, is_call, np.array([0.007, 0.007]), 6 * 3600)
    assert values.delta[0] - values.delta[1] == pytest.approx(1)
    assert values.gamma[0] == values.gamma[1] > 0
    assert values.theta[0] < 0 < values.vega[0]
    assert np.isnan(greeks(594.0, strike, is_call, np.array([0.0, 0.0]), 0).vol).all()
