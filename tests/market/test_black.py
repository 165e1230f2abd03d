"""Black prices and greeks against closed forms, bounds and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from apps.market.black import black_price, greeks, time_value

FORWARD = 690.37
HOURS = 1 / (365 * 24)

lives = st.floats(5 / (365 * 1440), 30 / 365)
vols = st.floats(0.03, 3.0)
strikes = st.floats(600, 800)


def textbook(forward: float, strike: float, is_call: bool, vol: float, years: float) -> float:
    deviation = vol * np.sqrt(years)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    sign = 1 if is_call else -1
    return float(sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - deviation))))


@given(strike=strikes, is_call=st.booleans(), vol=vols, years=lives)
@settings(max_examples=150, deadline=None)
def test_the_price_is_the_textbook_formula(strike: float, is_call: bool, vol: float, years: float) -> None:
    expected = textbook(FORWARD, strike, is_call, vol, years)
    assert float(black_price(FORWARD, strike, is_call, vol, years)) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@given(strike=strikes, vol=vols, years=lives)
@settings(max_examples=100, deadline=None)
def test_call_minus_put_is_forward_minus_strike(strike: float, vol: float, years: float) -> None:
    call, put = black_price(FORWARD, strike, [True, False], vol, years)
    assert call - put == pytest.approx(FORWARD - strike, abs=1e-9)
    assert max(FORWARD - strike, 0) <= call <= FORWARD
    assert max(strike - FORWARD, 0) <= put <= strike


def test_prices_of_a_strike_grid_are_monotone_and_convex() -> None:
    grid = np.linspace(600, 800, 401)
    call = black_price(FORWARD, grid, True, 0.2, 6.5 * HOURS)
    assert (np.diff(call) <= 0).all()
    assert (np.diff(call, 2) >= -1e-10).all()


@given(strike=strikes, vol=st.floats(0.08, 0.5), years=st.floats(HOURS, 2 / 365), is_call=st.booleans())
@settings(max_examples=100, deadline=None)
def test_greeks_are_the_slopes_of_the_price(strike: float, vol: float, years: float, is_call: bool) -> None:
    found = greeks(FORWARD, strike, is_call, vol, years)

    def price(forward: float = FORWARD, vol_: float = vol, years_: float = years) -> float:
        return float(black_price(forward, strike, is_call, vol_, years_))

    step = 0.01 * FORWARD * vol * np.sqrt(years)
    delta = (price(FORWARD + step) - price(FORWARD - step)) / (2 * step)
    gamma = (price(FORWARD + step) - 2 * price() + price(FORWARD - step)) / step**2
    vega = (price(vol_=vol + 1e-5) - price(vol_=vol - 1e-5)) / 2e-5 * 0.01
    theta = -(price(years_=years * 1.0001) - price(years_=years * 0.9999)) / (0.0002 * years) / 365
    assert found.delta == pytest.approx(delta, abs=2e-4)
    assert found.gamma == pytest.approx(gamma, rel=2e-3, abs=1e-4 / step)
    assert found.vega == pytest.approx(vega, rel=1e-4, abs=1e-6)
    assert found.theta == pytest.approx(theta, rel=1e-4, abs=1e-5)


def test_the_numbers_the_page_must_know_hold() -> None:
    """option-analytics 1.3: at 690 and 14 % vol, at the money, vega per vol point and one standard deviation."""
    for hours, cents in ((6.5, 7.5), (3, 5.1), (1, 2.9), (0.25, 1.5)):
        assert float(greeks(690, 690, True, 0.14, hours * HOURS).vega) * 100 == pytest.approx(cents, abs=0.06)


def test_without_time_or_vol_the_price_is_intrinsic() -> None:
    np.testing.assert_array_equal(black_price(690, [680, 690, 700], True, 0.2, 0.0), [10, 0, 0])
    np.testing.assert_array_equal(black_price(690, [680, 690, 700], False, 0.0, 0.001), [0, 0, 10])


@pytest.mark.parametrize(
    ("forward", "strike", "vol", "years"),
    [
        (np.nan, 690, 0.2, 0.001),
        (690, np.nan, 0.2, 0.001),
        (690, 690, np.nan, 0.001),
        (690, 690, -0.2, 0.001),
        (690, 690, 0.2, -0.001),
        (-690, 690, 0.2, 0.001),
        (690, 0, 0.2, 0.001),
    ],
)
def test_what_has_no_price_is_nan(forward: float, strike: float, vol: float, years: float) -> None:
    assert np.isnan(black_price(forward, strike, True, vol, years))
    assert np.isnan(time_value(forward, strike, vol, years))
    assert np.isnan(greeks(forward, strike, True, vol, years).delta)


def test_arguments_broadcast() -> None:
    assert black_price(690.0, np.ones((3, 1)) * 690, np.array([True, False]), 0.2, 0.001).shape == (3, 2)
    assert greeks(690.0, np.ones((3, 1)) * 690, np.array([True, False]), 0.2, 0.001).theta.shape == (3, 2)
