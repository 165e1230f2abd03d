"""Stale is not old: a quote is stale when the forward moved and its line did not answer."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from apps.market.chain import Chain
from apps.market.coherence import Coherence, ForwardTrail, SideMemory, judge
from tests.market.chains import NOW, chain_of

DELTA = np.array([0.5, 0.01])


def two_lines(now: float, bid_time: float) -> Chain:
    return chain_of(
        [600, 620],
        [True, True],
        [1.00, 0.01],
        [1.02, 0.02],
        market_time=now,
        bid_time=np.full(2, bid_time),
        ask_time=np.full(2, bid_time),
    )


def coherence_after(moves: list[tuple[float, float]], *, spoke_at: float = 0.0) -> Coherence:
    """Judge the last of `moves` (seconds, forward); both lines last spoke `spoke_at` seconds after the start."""
    bid, ask, trail = SideMemory.empty(2), SideMemory.empty(2), ForwardTrail()
    for seconds, forward in moves:
        side_time = np.full(2, NOW + (spoke_at if seconds >= spoke_at else 0.0))
        trail.add(NOW + seconds, forward)
        bid.observe(side_time, forward, NOW + seconds)
        ask.observe(side_time, forward, NOW + seconds)
    seconds, forward = moves[-1]
    chain = two_lines(NOW + seconds, NOW + spoke_at)
    return judge(chain, bid, ask, trail, forward=forward, delta=DELTA, half_spread=np.array([0.01, 0.005]))


def test_an_old_quote_is_not_stale_while_the_forward_stands() -> None:
    result = coherence_after([(t, 600.0) for t in np.arange(0, 900, 1.0)])
    assert not result.stale.any()
    assert result.bid_ok.all()


def test_a_line_that_does_not_answer_a_forward_move_is_stale_and_one_it_does_not_concern_is_not() -> None:
    result = coherence_after([(0.0, 600.0), (5.0, 600.0), (5.3, 600.2)])
    assert result.stale.tolist() == [True, False]
    assert result.ask_ok.tolist() == [False, True]


def test_a_line_has_a_quarter_second_to_answer_but_may_claim_nothing_meanwhile() -> None:
    result = coherence_after([(0.0, 600.0), (0.2, 600.2)])
    assert not result.stale.any()
    assert result.bid_ok.tolist() == [False, True]


def test_a_line_that_answered_is_coherent_again() -> None:
    result = coherence_after([(0.0, 600.0), (5.0, 600.2), (5.1, 600.2), (5.4, 600.2)], spoke_at=5.1)
    assert not result.stale.any()
    assert result.bid_ok.all()


def test_after_a_round_trip_of_the_forward_a_silent_line_must_wait_half_a_second() -> None:
    there_and_back = [(0.0, 600.0), (5.0, 600.0), (5.1, 600.3), (5.2, 600.0)]
    assert coherence_after([*there_and_back, (5.4, 600.0)]).bid_ok.tolist() == [False, True]
    assert coherence_after([*there_and_back, (5.4, 600.0), (5.8, 600.0)]).bid_ok.all()


def test_a_chain_silent_for_three_seconds_is_stale_as_a_whole() -> None:
    chain = replace(two_lines(NOW + 10, NOW), last_packet_time=NOW + 6.9)
    sides = SideMemory.empty(2)
    sides.observe(chain.bid_time, 600.0, NOW + 10)
    result = judge(chain, sides, sides, ForwardTrail(), forward=600.0, delta=DELTA, half_spread=np.full(2, 0.01))
    assert result.silent
    assert result.stale.all()
    file = replace(chain, last_packet_time=-math.inf)
    assert not judge(
        file, sides, sides, ForwardTrail(), forward=600.0, delta=DELTA, half_spread=np.full(2, 0.01)
    ).silent


def test_the_trail_knows_the_forward_that_was_in_force_before_its_window() -> None:
    trail = ForwardTrail()
    trail.add(0.0, 600.0)
    assert trail.range_over(0.2, 0.5) == math.inf
    trail.add(0.6, 600.5)
    assert trail.range_over(0.9, 0.5) == 0.5
    assert trail.range_over(1.2, 0.5) == 0.0
