"""The parity forward: right on real and generated chains, deaf to bad quotes and to outliers."""

from __future__ import annotations

import numpy as np
import pytest

from apps.market.black import black_price
from apps.market.forward import MOST_STRIKES, parity_forward

FORWARD = 594.06


def quotes(strikes: np.ndarray, half_spread: float = 0.01) -> tuple[np.ndarray, ...]:
    """Calls, then puts, fair within a half-spread."""
    strike = np.concatenate([strikes, strikes])
    is_call = np.arange(strike.size) < strikes.size
    fair = black_price(FORWARD, strike, is_call, 0.12, 0.0005)
    return strike, is_call, np.maximum(fair - half_spread, 0.01), fair + half_spread


def test_a_fair_chain_gives_its_forward_from_the_eleven_strikes_nearest_the_money() -> None:
    found = parity_forward(*quotes(np.arange(580.0, 610.0)))
    assert found.value == pytest.approx(FORWARD, abs=1e-9)
    assert found.deviation == pytest.approx(0, abs=1e-9)
    assert found.count == MOST_STRIKES
    np.testing.assert_array_equal(np.sort(found.strikes), np.arange(589, 600))
    assert found.strikes[0] == 594


def test_rows_may_come_in_any_order() -> None:
    columns = quotes(np.arange(585.0, 604.0))
    order = np.random.default_rng(1).permutation(columns[0].size)
    assert parity_forward(*(column[order] for column in columns)).value == pytest.approx(
        parity_forward(*columns).value, abs=1e-12
    )


def test_two_mispriced_contracts_do_not_move_it() -> None:
    strike, is_call, bid, ask = quotes(np.arange(580.0, 610.0))
    for row, error in ((14, 0.40), (45, -0.30)):
        bid[row] += error
        ask[row] += error
    assert parity_forward(strike, is_call, bid, ask).value == pytest.approx(FORWARD, abs=0.001)


@pytest.mark.parametrize(
    ("bid", "ask"),
    [(np.nan, 1.0), (1.0, np.nan), (0.0, 1.0), (2.0, 1.0), (-1.0, -1.0), (np.nan, np.nan), (1.0, np.inf)],
)
def test_one_sided_crossed_and_missing_quotes_are_not_used(bid: float, ask: float) -> None:
    strike, is_call, bids, asks = quotes(np.array([593.0, 594.0, 595.0]))
    bids[1], asks[1] = bid, ask
    found = parity_forward(strike, is_call, bids, asks)
    assert found.count == 2
    assert 594.0 not in found.strikes
    assert found.value == pytest.approx(FORWARD, abs=1e-9)


def test_without_a_usable_pair_there_is_no_forward() -> None:
    strike, is_call, bid, ask = quotes(np.array([593.0, 594.0]))
    for nothing in (
        parity_forward(strike, is_call, np.zeros(4), ask),
        parity_forward(strike[:2], is_call[:2], bid[:2], ask[:2]),
        parity_forward(np.empty(0), np.empty(0, dtype=bool), np.empty(0), np.empty(0)),
        parity_forward(np.full(4, np.nan), is_call, bid, ask),
    ):
        assert np.isnan(nothing.value)
        assert np.isnan(nothing.deviation)
        assert nothing.count == 0


def test_locked_quotes_are_used_but_not_trusted_without_limit() -> None:
    strike, is_call, bid, ask = quotes(np.array([593.0, 594.0, 595.0]))
    ask[1] = bid[1]
    found = parity_forward(strike, is_call, bid, ask)
    assert found.count == 3
    assert found.value == pytest.approx(FORWARD, abs=0.02)


def test_narrow_quotes_weigh_more_than_wide_ones() -> None:
    strike, is_call, bid, ask = quotes(np.arange(591.0, 598.0))
    wide = (strike != 593) & (strike != 594)
    ask = np.where(wide & is_call, ask + 0.60, ask)
    assert parity_forward(strike, is_call, bid, ask).value == pytest.approx(FORWARD, abs=0.16)
    assert abs(parity_forward(strike, is_call, bid, ask).value - FORWARD) < 0.30
