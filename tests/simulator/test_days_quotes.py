"""Displayed markets of a modelled day: the same at any rhythm, honest around the fair value, free of arbitrage."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.simulator import calibrated
from apps.simulator.quotes import TICK
from apps.simulator.scenarios import load
from tests.simulator.days import crossings, same, world

START = calibrated.OPEN + 35 * 60


@settings(max_examples=6, deadline=None)
@given(st.lists(st.floats(-60, 23_500), min_size=1, max_size=4))
def test_a_board_does_not_depend_on_what_was_asked_before(offsets: list[float]) -> None:
    fresh = load("calibrated", number=7)
    shared = world("calibrated", 7)
    for offset in offsets:
        at = calibrated.OPEN + offset
        assert same(fresh.board(at), shared.board(at)), f"differs at open + {offset}"


def test_walking_in_small_steps_comes_to_the_same_boards_as_jumping() -> None:
    walked, jumped = load("calibrated", number=3), load("calibrated", number=3)
    for step in range(900):
        board = walked.board(START + step * 0.1)
        if step % 97 == 0:
            assert same(board, load("calibrated", number=3).board(START + step * 0.1))
    assert same(board, jumped.board(START + 899 * 0.1))


def test_another_number_is_another_day() -> None:
    assert not same(world("quiet", 1).board(START), world("quiet", 2).board(START))


def test_what_a_reader_does_to_a_board_stays_his_own() -> None:
    day = world()
    before = day.board(START + 5)
    kept = before.bid.copy()
    before.bid[:] = 0
    before.ask[:] = 0
    assert np.array_equal(day.board(START + 5).bid, kept)


@pytest.mark.parametrize("name", ["quiet", "event", "generated-mixture", "generated-jump"])
def test_the_fair_value_always_lies_in_its_market(name: str) -> None:
    day = world(name)
    for offset in np.linspace(60, 24_250, 24):
        at = day.session.open + float(offset)
        board, fair = day.board(at), day.fair(at)
        quoted = ~np.isnan(board.bid)
        assert quoted.mean() > 0.5
        assert (board.bid[quoted] <= fair[quoted] + 1e-9).all()
        assert (board.ask[quoted] >= fair[quoted] - 1e-9).all()
        assert (board.ask[quoted] - board.bid[quoted] >= TICK - 1e-9).all()
        assert board.underlying_bid <= day.forward(at) + 1e-9 <= board.underlying_ask + 2e-9


@pytest.mark.parametrize("name", ["quiet", "event", "generated-mixture", "generated-jump"])
def test_a_fair_chain_has_no_executable_arbitrage_even_before_fees(name: str) -> None:
    day = world(name)
    for offset in np.linspace(30, 23_390, 24):
        at = day.session.open + float(offset)
        assert crossings(day, day.board(at)) == [], f"{name} at open + {offset}"


def test_prices_are_on_ticks_and_sizes_are_whole() -> None:
    board = world().board(START + 11)
    for side in (board.bid, board.ask):
        np.testing.assert_allclose(side * 100, np.round(side * 100), atol=1e-9)
    assert (board.bid_size == np.round(board.bid_size)).all()


def test_a_market_stays_until_its_fair_value_moves_by_half_a_tick() -> None:
    day = world()
    previous, struck = day.board(START), day._quotes.at(day.grid.cell(START)).held_fair
    renewed = 0
    for step in range(1, 400):
        cell = day.grid.cell(START + step * 0.1)
        board, fair, held = day.board(START + step * 0.1), day.fair(START + step * 0.1), day._quotes.at(cell).held_fair
        changed = (board.bid != previous.bid) | (board.ask != previous.ask) | (board.bid_size != previous.bid_size)
        assert (held[changed] == fair[changed]).all(), "a market that changes is struck at the fair value of then"
        moved = np.abs(fair - struck) > TICK / 2
        assert (held[moved] == fair[moved]).all(), "half a tick is enough"
        left = (previous.bid > fair + 1e-9) | (previous.ask < fair - 1e-9)
        other_cause = left | (board.volume != previous.volume) | (cell % 600 == day._quotes._phase)
        assert not (changed & ~moved & ~other_cause).any(), "less is not"
        renewed += int(moved.sum())
        previous, struck = board, held
    assert renewed > 1000


def test_quotes_change_at_a_markets_pace() -> None:
    day = world()
    forward = day.forward(START)
    near = np.array([abs(listing.strike - forward) < 0.02 * forward for listing in day.listings])
    boards = [day.board(START + 30 + step * 0.1) for step in range(600)]
    changes = sum(int(((one.bid != other.bid) | (one.ask != other.ask))[near].sum()) for one, other in pairwise(boards))
    per_contract = changes / 60 / near.sum()
    assert 0.3 < per_contract < 9.9


def test_trades_print_at_the_bid_or_the_ask_and_volume_only_grows() -> None:
    day = world()
    previous = day.board(START)
    prints = at_ask = 0
    for step in range(1, 600):
        board = day.board(START + step * 0.1)
        assert (board.volume >= previous.volume).all()
        for row in np.flatnonzero(board.volume > previous.volume):
            assert board.last[row] in {board.bid[row], board.ask[row]}
            prints += 1
            at_ask += board.last[row] == board.ask[row]
        previous = board
    assert prints > 100
    assert 0.2 < at_ask / prints < 0.8


def test_bars_cover_the_session_so_far_and_agree_with_the_line() -> None:
    day = world()
    bars = day.bars(None, START, 86_400, 60)
    assert len(bars) == 35
    assert bars[0].time == day.session.open
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert sum(bar.volume for bar in bars) == pytest.approx(day.board(START).underlying_volume, rel=0.02)
    assert bars[-1].close == pytest.approx(day.board(START - 0.1).underlying_bid, abs=0.02)
    row = next(i for i, listing in enumerate(day.listings) if listing.strike == 596 and listing.right == "C")
    option = day.bars(row, START, 600, 60)
    assert len(option) == 10
    assert option[-1].close == pytest.approx(float(day.fair(START - 0.1)[row]), abs=0.02)
    assert sum(bar.volume for bar in option) > 0
