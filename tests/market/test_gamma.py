"""Gamma exposure: the formula, the sign convention, and what is unknown."""

from __future__ import annotations

import numpy as np
import pytest

from apps.market.gamma import gamma_exposure

STRIKE = np.array([690.0, 690.0, 700.0, 700.0])
IS_CALL = np.array([True, False, True, False])
GAMMA = np.array([0.05, 0.05, 0.02, 0.02])


def test_calls_count_plus_and_puts_minus_per_percent_of_the_spot() -> None:
    found = gamma_exposure(STRIKE, IS_CALL, GAMMA, np.array([1_000.0, 400.0, 10.0, 0.0]), 690.0)
    unit = 0.05 * 100 * 690.0**2 * 0.01
    np.testing.assert_array_equal(found.strike, [690, 700])
    np.testing.assert_allclose(found.call, [1_000 * unit, 10 * 0.4 * unit])
    np.testing.assert_allclose(found.put, [-400 * unit, 0])
    np.testing.assert_allclose(found.net, found.call + found.put)
    assert found.total == pytest.approx((600 + 4) * unit)
    assert (found.known, found.missing) == (4, 0)


def test_unknown_open_interest_is_reported_as_missing_and_never_taken_for_zero() -> None:
    found = gamma_exposure(STRIKE, IS_CALL, GAMMA, np.array([1_000.0, np.nan, np.nan, np.nan]), 690.0)
    assert (found.known, found.missing) == (1, 3)
    assert np.isnan(found.put).all()
    assert np.isnan(found.net).all()
    assert found.total > 0


def test_nothing_known_gives_no_total() -> None:
    unknown = np.full(4, np.nan)
    for spot, gamma, interest in ((690.0, GAMMA, unknown), (690.0, unknown, np.ones(4)), (np.nan, GAMMA, np.ones(4))):
        found = gamma_exposure(STRIKE, IS_CALL, gamma, interest, spot)
        assert np.isnan(found.total)
        assert (found.known, found.missing) == (0, 4)
    empty = gamma_exposure(np.empty(0), np.empty(0, dtype=bool), np.empty(0), np.empty(0), 690.0)
    assert empty.strike.size == 0
    assert np.isnan(empty.total)
