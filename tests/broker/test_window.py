"""The strike window: inside the range, within the budget, still under small moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.broker.columns import OptionKey
from apps.broker.window import choose_window, must_recentre, strike_step

STRIKES = [float(strike) for strike in range(560, 631)]


def both(strikes: list[float]) -> list[OptionKey]:
    return [OptionKey(strike, is_call=right) for strike in strikes for right in (True, False)]


@given(st.floats(570, 620), st.floats(0.5, 3), st.integers(2, 120))
def test_a_window_keeps_its_range_and_budget_and_takes_the_nearest_strikes(
    spot: float, percent: float, most: int
) -> None:
    window = choose_window(both(STRIKES), spot, range_percent=percent, most=most)
    chosen = {key.strike for key in window.keys}
    assert 0 < len(window.keys) <= most
    assert len(window.keys) == 2 * len(chosen)
    assert all(abs(strike - spot) <= spot * percent / 100 for strike in chosen)
    left_out = [strike for strike in STRIKES if strike not in chosen and abs(strike - spot) <= spot * percent / 100]
    furthest = max(abs(strike - spot) for strike in chosen)
    assert all(abs(strike - spot) >= furthest for strike in left_out)
    assert abs(window.centre - spot) <= 0.5


def test_two_percent_around_594_is_24_strikes() -> None:
    window = choose_window(both(STRIKES), 594.2, range_percent=2.0, most=79)
    assert (min(key.strike for key in window.keys), max(key.strike for key in window.keys)) == (583.0, 606.0)
    assert len(window.keys) == 48


def test_a_strike_listed_with_one_right_takes_one_line() -> None:
    keys = [*both([594.0]), OptionKey(595.0, is_call=True)]
    assert set(choose_window(keys, 594.0, range_percent=1, most=9).keys) == set(keys)


def test_the_nearest_strike_is_taken_when_none_is_in_range() -> None:
    assert choose_window(both([700.0]), 594.0, range_percent=1, most=9).keys == tuple(both([700.0]))


@pytest.mark.parametrize(("keys", "most"), [([], 5), (both([594.0]), 0)])
def test_nothing_to_choose_from_is_an_error(keys: list[OptionKey], most: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        choose_window(keys, 594.0, range_percent=1, most=most)


@pytest.mark.parametrize(("spot", "moves"), [(594.0, False), (595.9, False), (596.0, True), (591.9, True)])
def test_the_window_moves_only_after_two_strikes(spot: float, moves: bool) -> None:
    window = choose_window(both(STRIKES), 594.0, range_percent=1, most=40)
    assert must_recentre(window, spot, STRIKES) is moves


def test_an_unknown_spot_moves_nothing() -> None:
    window = choose_window(both(STRIKES), 594.0, range_percent=1, most=40)
    assert not must_recentre(window, float("nan"), STRIKES)


def test_the_step_is_that_around_spot_not_of_the_far_wings() -> None:
    assert strike_step([400, 450, 500, *STRIKES, 700, 750], 594.0) == 1.0
    assert strike_step([594.0], 594.0) == float("inf")
