"""The generated families: true prices without arbitrage, repeatable, and errors where they say they are."""

from __future__ import annotations

import numpy as np
import pytest

from apps.simulator.families import FAMILIES, generate, lagged_neighbours, two_lumps


@pytest.mark.parametrize("family", [*FAMILIES.values(), two_lumps])
def test_true_prices_obey_parity_and_are_convex(family: object) -> None:
    for seed in range(20):
        chain = generate(family, seed, seconds=2 * 3600, window=0.02)  # type: ignore[arg-type]
        half = chain.strike.size // 2
        calls, puts, strikes = chain.fair[:half], chain.fair[half:], chain.strike[:half]
        assert np.abs(calls - puts - (chain.forward - strikes)).max() < 1e-8
        assert np.diff(calls, 2).min() > -1e-9


def test_one_seed_is_one_chain_and_another_is_another() -> None:
    first, again = (generate(FAMILIES["mixture"], 7, seconds=3600, window=0.01, anomalies=3) for _ in range(2))
    assert np.array_equal(first.bid, again.bid)
    assert np.array_equal(first.injected, again.injected)
    assert not np.array_equal(
        first.bid, generate(FAMILIES["mixture"], 8, seconds=3600, window=0.01).bid[: first.bid.size]
    )


def test_planted_errors_move_both_sides_by_whole_cents_and_nothing_else_moves() -> None:
    chain = generate(FAMILIES["jump"], 3, seconds=3 * 3600, window=0.02, anomalies=5)
    touched = chain.injected != 0
    assert touched.sum() == 5
    assert (chain.fair[touched] > 0.05).all()
    shift = chain.bid - chain.clean_bid
    assert np.allclose(shift, chain.ask - chain.clean_ask)
    assert np.array_equal(np.abs(shift) > 1e-9, touched)
    assert np.allclose(100 * shift, np.round(100 * shift))


def test_quotes_bracket_their_fair_value_up_to_the_tick() -> None:
    chain = generate(FAMILIES["mixture"], 5, seconds=3 * 3600, window=0.03)
    assert (chain.ask > chain.bid).all()
    assert (chain.bid <= chain.fair + 0.0051).all()
    assert (chain.ask >= chain.fair - 0.0051).all()


def test_late_neighbours_keep_their_quotes_and_nothing_is_planted() -> None:
    before = generate(FAMILIES["mixture"], 5, seconds=3 * 3600, window=0.02)
    after, rows = lagged_neighbours(before, 6, move=0.2)
    assert np.array_equal(after.bid[rows], before.clean_bid[rows])
    assert not after.injected.any()


def test_a_window_without_strikes_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="widen the window"):
        generate(FAMILIES["mixture"], 1, seconds=3600, window=0.0001, forward=690.5)
