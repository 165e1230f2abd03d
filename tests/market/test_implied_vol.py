"""Implied vol: the golden file, round trips, and NaN wherever there is no answer."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import lbriv
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.market.black import black_price
from apps.market.implied_vol import NARROW_LIMIT, implied_vol

GOLDEN = Path(__file__).parent / "golden" / "implied_vol.csv"
HALF_TICK = 0.005
FORWARD = 690.37


def golden() -> tuple[np.ndarray, ...]:
    with GOLDEN.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    columns = ("price", "forward", "strike", "is_call", "years", "vol")
    return tuple(np.array([float(row[column]) for row in table]) for column in columns)


def test_every_golden_row_is_met_to_1e_9_and_every_row_without_a_vol_is_nan() -> None:
    price, forward, strike, is_call, years, vol = golden()
    assert price.size >= 180
    found = implied_vol(price, forward, strike, is_call.astype(bool), years)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(vol))
    intrinsic = np.maximum(np.where(is_call > 0, forward - strike, strike - forward), 0)
    liquid = (price - intrinsic >= HALF_TICK) & np.isfinite(vol)
    assert np.abs(found - vol)[liquid].max() < 1e-12
    assert np.nanmax(np.abs(found / vol - 1)) < 1e-10


@given(s=st.floats(np.log(1e-4), np.log(2.0)).map(np.exp), h=st.floats(-6, 6), is_call=st.booleans())
@example(s=NARROW_LIMIT, h=0.0, is_call=True)
@example(s=np.nextafter(NARROW_LIMIT, 1), h=6.0, is_call=False)
@example(s=1e-4, h=0.0, is_call=True)
@example(s=2.0, h=-6.0, is_call=True)
@settings(max_examples=400, deadline=None)
def test_price_to_vol_to_price_is_the_same_price(s: float, h: float, is_call: bool) -> None:
    """Out of the money, where the price is all time value and its digits are all there."""
    years = 0.004
    strike = FORWARD * np.exp((abs(h) if is_call else -abs(h)) * s)
    price = black_price(FORWARD, strike, is_call, s / np.sqrt(years), years)
    again = black_price(FORWARD, strike, is_call, implied_vol(price, FORWARD, strike, is_call, years), years)
    assert float(again / price - 1) == pytest.approx(0, abs=1e-12)


@given(h=st.floats(8, 30), s=st.floats(np.log(1e-4), np.log(0.5)).map(np.exp))
@settings(max_examples=100, deadline=None)
def test_the_far_wing_is_solved_too(h: float, s: float) -> None:
    strike = FORWARD * np.exp(h * s)
    price = black_price(FORWARD, strike, True, s, 1.0)
    if price > 1e-290:
        assert float(implied_vol(price, FORWARD, strike, True, 1.0) / s) == pytest.approx(1, rel=1e-10)


@given(
    price=st.floats(allow_nan=True, allow_infinity=True),
    forward=st.floats(allow_nan=True, allow_infinity=True),
    strike=st.floats(allow_nan=True, allow_infinity=True),
    years=st.floats(allow_nan=True, allow_infinity=True),
    is_call=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_any_five_numbers_give_a_vol_or_nan_and_no_warning(
    price: float, forward: float, strike: float, years: float, is_call: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vol = float(implied_vol(price, forward, strike, is_call, years))
    assert np.isnan(vol) or vol >= 0
    sensible = forward > 0 and strike > 0 and years > 0 and np.isfinite([price, forward, strike, years]).all()
    intrinsic, bound = max(forward - strike if is_call else strike - forward, 0), forward if is_call else strike
    if not sensible or price <= intrinsic or price >= bound:
        assert np.isnan(vol)


@pytest.mark.parametrize("is_call", [True, False])
def test_at_and_below_intrinsic_and_at_the_upper_bound_there_is_no_vol(is_call: bool) -> None:
    strike = 680.0 if is_call else 700.0
    intrinsic, bound = abs(FORWARD - strike), FORWARD if is_call else strike
    prices = np.array(
        [intrinsic, np.nextafter(intrinsic, 0), 0.0, -0.5, bound, np.nextafter(bound, 1e9), np.nan, np.inf]
    )
    assert np.isnan(implied_vol(prices, FORWARD, strike, is_call, 0.0005)).all()
    assert np.isfinite(implied_vol(np.nextafter(intrinsic, 1e9), FORWARD, strike, is_call, 0.0005))


def test_no_time_left_gives_nan_for_one_life_and_for_many() -> None:
    assert np.isnan(implied_vol([1.0, 2.0], 690, 690, True, 0.0)).all()
    found = implied_vol([1.0, 1.0, 1.0, 1.0], 690, 690, True, [0.001, 0.0, -1.0, np.inf])
    np.testing.assert_array_equal(np.isnan(found), [False, True, True, True])


def test_exactly_at_the_money_is_an_ordinary_case() -> None:
    vol = np.array([0.05, 0.14, 0.6])
    price = black_price(690.0, 690.0, True, vol, 0.0005)
    np.testing.assert_allclose(implied_vol(price, 690.0, 690.0, True, 0.0005), vol, rtol=1e-13)
    np.testing.assert_allclose(implied_vol(price, 690.0, 690.0, False, 0.0005), vol, rtol=1e-13)


def test_tick_rounded_mids_agree_with_lets_be_rational_also_about_what_has_no_vol() -> None:
    rng = np.random.default_rng(7)
    strike = np.round(FORWARD + rng.uniform(-20, 20, 1_000))
    is_call = rng.random(1_000) < 0.5
    years = 0.0003
    price = np.round(black_price(FORWARD, strike, is_call, rng.uniform(0.08, 0.25, 1_000), years), 2)
    found = implied_vol(price, FORWARD, strike, is_call, years)
    peer = np.array(
        [
            lbriv.implied_vol(p, FORWARD, k, 1 if c else -1)
            for p, k, c in zip(price.tolist(), strike.tolist(), is_call.tolist(), strict=True)
        ]
    ) / np.sqrt(years)
    intrinsic = np.maximum(np.where(is_call, FORWARD - strike, strike - FORWARD), 0)
    np.testing.assert_array_equal(np.isnan(found), price <= intrinsic)
    liquid = price - intrinsic >= HALF_TICK
    assert liquid.sum() > 200
    np.testing.assert_allclose(found[liquid], peer[liquid], rtol=1e-9)


def test_any_shape_and_any_size_give_the_same_vols() -> None:
    rng = np.random.default_rng(8)
    strike = FORWARD + rng.uniform(-20, 20, (3, 4_000))
    price = black_price(FORWARD, strike, True, 0.2, 0.0004)
    price[:, ::7] = 0.0
    whole = implied_vol(price, FORWARD, strike, True, 0.0004)
    rows = np.stack(
        [implied_vol(p, FORWARD, k, True, np.full(4_000, 0.0004)) for p, k in zip(price, strike, strict=True)]
    )
    np.testing.assert_array_equal(whole, rows)
    assert whole.shape == (3, 4_000)
    assert implied_vol(price[0, 1], FORWARD, strike[0, 1], True, 0.0004).shape == ()
    assert implied_vol(np.empty(0), FORWARD, np.empty(0), np.empty(0, dtype=bool), 0.0004).size == 0


def test_inputs_are_left_as_they_were() -> None:
    price, strike, is_call = np.array([1.0, 9.0]), np.array([690.0, 684.0]), np.array([True, True])
    copies = [a.copy() for a in (price, strike, is_call)]
    implied_vol(price, FORWARD, strike, is_call, 0.0004)
    for before, after in zip(copies, (price, strike, is_call), strict=True):
        np.testing.assert_array_equal(before, after)
