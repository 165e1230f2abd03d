"""The replayed day shows the file's quotes and nothing else; what is derived says so."""

from __future__ import annotations

import numpy as np
import pytest

from apps.simulator.day_files import read_spxw
from apps.simulator.scenarios import load
from apps.simulator.spxw_replay import CUTOFF, MIDNIGHT, OPEN, STEP_SECONDS, SpxwReplay

DAY = load("spxw-replay")


def test_it_is_an_index_with_european_options_on_their_own_ticks() -> None:
    assert (DAY.symbol, DAY.underlying_sec_type) == ("SPX", "IND")
    assert {listing.trading_class for listing in DAY.listings} == {"SPXW"}
    assert DAY.tick_rule == ((0.0, 0.05), (3.0, 0.10))
    assert "DERIVED" in DAY.labels
    assert [listing.strike for listing in DAY.listings] == [3700, 3700, 3800, 3800]
    assert np.isnan(DAY.session.previous_close), "the file does not tell it"


@pytest.mark.parametrize(("row", "right", "strike"), [(0, "C", 3700.0), (1, "P", 3700.0), (3, "P", 3800.0)])
def test_each_minute_starts_at_its_opening_and_ends_at_its_closing_quotes(row: int, right: str, strike: float) -> None:
    quotes = read_spxw(right, strike, "20210106")
    for i in range(0, quotes.time.size, 37):
        minute = MIDNIGHT + quotes.time[i]
        first, second = DAY.board(minute + 1), DAY.board(minute + 59)
        np.testing.assert_equal([first.bid[row], first.ask[row]], [quotes.bid_open[i], quotes.ask_open[i]])
        np.testing.assert_equal([second.bid[row], second.ask[row]], [quotes.bid[i], quotes.ask[i]])
        assert second.bid_size[row] == quotes.bid_size[i]


def test_no_step_inside_a_minute_is_better_than_its_ends_and_all_are_on_ticks() -> None:
    row, quotes = 0, read_spxw("C", 3700.0, "20210106")
    for i in range(0, quotes.time.size, 41):
        for second in range(0, 60, 4):
            board = DAY.board(MIDNIGHT + quotes.time[i] + second + 0.5)
            low, high = sorted((quotes.bid_open[i], quotes.bid[i]))
            assert low - 0.1 <= board.bid[row] <= high
            low, high = sorted((quotes.ask_open[i], quotes.ask[i]))
            assert low <= board.ask[row] <= high + 0.1
            assert board.bid[row] < board.ask[row]
            assert board.ask[row] * 20 == pytest.approx(round(board.ask[row] * 20), abs=1e-6)


def test_quotes_are_held_where_the_file_has_no_bar_and_absent_before_the_first() -> None:
    call = next(i for i, item in enumerate(DAY.listings) if item.strike == 3800 and item.right == "C")
    first = MIDNIGHT + float(read_spxw("C", 3800.0, "20210106").time[0])
    assert np.isnan(DAY.board(first - 1).ask[call])
    assert DAY.board(first + 1).ask[call] == 0.05
    assert np.isnan(DAY.board(first + 1).bid[call]), "a side the file leaves empty"
    assert np.isnan(DAY.board(OPEN - 1).bid).all()
    assert np.isnan(DAY.board(CUTOFF + 1).ask).all()


def test_the_index_is_what_the_options_imply_and_the_boxes_are_not_executable() -> None:
    assert isinstance(DAY, SpxwReplay)
    gaps, crossed = [], 0
    legs = [read_spxw(right, strike, "20210106").time for strike in (3700.0, 3800.0) for right in "CP"]
    for time in sorted(set.intersection(*(set(leg) for leg in legs))):
        board = DAY.board(MIDNIGHT + time + 59)
        call, put = (board.bid[::2], board.ask[::2]), (board.bid[1::2], board.ask[1::2])
        if np.isnan(call[0] + put[0]).any():
            continue
        forwards = np.array([3700, 3800]) + (call[0] + call[1] - put[0] - put[1]) / 2
        gaps.append(abs(forwards[0] - forwards[1]))
        assert forwards.min() - 0.01 <= board.underlying_last <= forwards.max() + 0.01
        crossed += bool(call[1][0] - call[0][1] + put[1][1] - put[0][0] < 100 - 1e-9)
        crossed += bool(call[0][0] - call[1][1] + put[0][1] - put[1][0] > 100 + 1e-9)
        middle = DAY.board(MIDNIGHT + time + 29)
        box = middle.ask[0] - middle.bid[2] + middle.ask[3] - middle.bid[1]
        crossed += bool(box < 100 - 1e-9)
    assert len(gaps) > 250
    assert np.quantile(gaps, 0.95) <= 0.4
    assert crossed == 0


def test_boards_do_not_depend_on_rhythm_and_bars_follow_the_line() -> None:
    fresh = load("spxw-replay")
    at = OPEN + 3 * 3600 + 17
    DAY.board(at + 500)
    np.testing.assert_array_equal(fresh.board(at).bid, DAY.board(at).bid)
    bars = DAY.bars(None, at, 3600, 300)
    assert len(bars) == 12
    assert bars[-1].close == pytest.approx(DAY.board(at - STEP_SECONDS).underlying_last, abs=5)
    assert all(bar.low <= bar.close <= bar.high for bar in bars)


def test_model_vols_are_the_files_own() -> None:
    board = DAY.board(OPEN + 3600)
    assert ((board.model_vol > 0.02) & (board.model_vol < 2))[~np.isnan(board.model_vol)].all()
    assert board.model_delta[0] - board.model_delta[1] == pytest.approx(1)
