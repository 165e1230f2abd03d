"""What a line is sent: changes only, each side by itself, at its own phase, in the broker's tick types."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from apps.simulator.clock import MarketClock, VirtualTime
from apps.simulator.faults import FaultBoard
from apps.simulator.market_data import LineTable
from apps.simulator.option_line import option_line
from apps.simulator.sampler import GREEK_ROUNDS, OPTION_BEATS, UNDERLYING_BEATS, Column, Sample, phases, sample
from apps.simulator.underlying_line import UnderlyingLine
from apps.simulator.universe import Universe
from apps.simulator.world import Board
from tests.simulator.worlds import FlatWorld, utc

WORLD = FlatWorld()
UNIVERSE = Universe(WORLD)
CLOCK = MarketClock(WORLD.session, VirtualTime())
NO_FAULTS = FaultBoard(CLOCK)
NOON = utc(12, 0)
CALL, PUT = 0, 1


def board() -> Board:
    """A board whose arrays a test may change."""
    return WORLD.board(NOON)


def taken(of: Board | None = None, at: float = NOON) -> Sample:
    """The sample of a board without faults."""
    return sample(of or board(), at, UNIVERSE, NO_FAULTS)


def table(*rows: int, generics: frozenset[int] = frozenset(), delayed: bool = False) -> LineTable:
    """A client's lines: request 10 + row for each option row."""
    lines = LineTable(*phases(len(WORLD.listings), 1))
    for row in rows:
        lines.add(option_line(10 + row, UNIVERSE.options[row], generics, ("AB", "C"), delayed=delayed))
    return lines


def messages(data: bytes) -> list[list[str]]:
    """Frames as fields."""
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size].decode().split("\0")[:-1])
        data = data[4 + size :]
    return found


def ticks(data: bytes, *numbers: str) -> list[tuple[str, ...]]:
    """Messages 1, 2, 45 and 46 as (message, tick type, value, size if any)."""
    kept = [fields for fields in messages(data) if fields[0] in (numbers or {"1", "2", "45", "46"})]
    return [(fields[0], fields[3], *fields[4 : 6 if fields[0] == "1" else 5]) for fields in kept]


def test_the_first_sample_brings_everything_known_and_the_second_nothing() -> None:
    lines = table(CALL, generics=frozenset({100, 101, 106, 233}))
    first = lines.everything(taken(), greeks=True)
    types = {(fields[0], fields[3]) for fields in messages(first) if fields[0] != "21"}
    prices, sizes = {("1", "1"), ("1", "2"), ("1", "4")}, {("2", kind) for kind in ("5", "8", "27", "28", "29", "30")}
    strings = {("46", kind) for kind in ("32", "33", "45", "48")}
    assert types == prices | sizes | strings | {("45", "49"), ("45", "24")}
    assert [fields[2] for fields in messages(first) if fields[0] == "21"] == ["13"]
    assert lines.everything(taken(), greeks=True) == b""


def test_a_price_goes_with_its_size_and_each_side_by_itself() -> None:
    lines = table(CALL)
    lines.everything(taken(), greeks=True)
    moved = board()
    moved.bid[CALL] = 7.77
    moved.bid_size[CALL] = 33
    assert ticks(lines.everything(taken(moved), greeks=True)) == [("1", "1", "7.77", "33")]
    moved.ask_size[CALL] = 44
    assert ticks(lines.everything(taken(moved), greeks=True)) == [("2", "3", "44")]


def test_no_quote_is_minus_one_with_size_zero() -> None:
    lines = table(CALL)
    lines.everything(taken(), greeks=True)
    gone = board()
    gone.bid[CALL] = np.nan
    assert ticks(lines.everything(taken(gone), greeks=True)) == [("1", "1", "-1", "0")]


def test_a_frozen_row_sends_nothing_and_then_what_it_missed() -> None:
    lines = table(CALL)
    frozen = board()
    frozen.frozen[CALL] = True
    assert lines.everything(taken(frozen), greeks=True) == b""
    assert ("1", "1") in {tick[:2] for tick in ticks(lines.everything(taken(), greeks=True))}


def test_open_interest_arrives_once_as_its_own_right_and_the_other_is_zero() -> None:
    lines = table(CALL, PUT, generics=frozenset({101}))
    facts = [fields for fields in messages(lines.everything(taken(), greeks=False)) if fields[3:4] in (["27"], ["28"])]
    assert [(fields[2], fields[3], fields[4]) for fields in facts] == [
        ("10", "27", "500"), ("10", "28", "0"), ("11", "27", "0"), ("11", "28", "501"),
    ]  # fmt: skip


@pytest.mark.parametrize("generic", [100, 101, 106, 233])
def test_a_generic_tick_comes_only_when_asked_for(generic: int) -> None:
    own = {100: {"29", "30"}, 101: {"27", "28"}, 106: {"24"}, 233: {"48"}}
    asked = messages(table(CALL, generics=frozenset({generic})).everything(taken(), greeks=True))
    plain = messages(table(CALL).everything(taken(), greeks=True))
    assert {fields[3] for fields in asked} - {fields[3] for fields in plain} == own[generic]


def test_a_trade_sends_last_its_size_its_time_and_the_real_time_volume() -> None:
    lines = table(CALL, generics=frozenset({233}))
    lines.everything(taken(), greeks=False)
    traded = board()
    traded.last[CALL], traded.last_size[CALL] = 9.99, 3
    traded.volume[CALL] += 3
    total = int(traded.volume[CALL])
    assert ticks(lines.everything(taken(traded), greeks=False)) == [
        ("1", "4", "9.99", "3"),
        ("2", "5", "3"),
        ("46", "45", str(int(NOON))),
        ("46", "48", f"9.99;3;{int(NOON * 1000)};{total};;true"),
        ("2", "8", str(total)),
    ]


def test_a_halt_is_tick_49_once_each_way() -> None:
    lines = table(CALL)
    lines.everything(taken(), greeks=False)
    halted = board()
    halted.halted[CALL] = True
    assert ticks(lines.everything(taken(halted), greeks=False)) == [("45", "49", "1")]
    assert lines.everything(taken(halted), greeks=False) == b""
    assert ticks(lines.everything(taken(), greeks=False)) == [("45", "49", "0")]


def test_greeks_that_are_not_computed_are_marked_as_the_broker_marks_them() -> None:
    unknown = board()
    for values in (unknown.model_vol, unknown.model_delta, unknown.model_theta):
        values[CALL] = np.nan
    (model,) = [f for f in messages(table(CALL).everything(taken(unknown), greeks=True)) if f[0] == "21"]
    _, _, kind, attribute, vol, delta, _, _, gamma, _, theta, under = model
    assert (kind, attribute, vol, delta, gamma, theta) == ("13", "0", "-1", "-2", "0.05", "-2")
    assert float(under) > 500


def test_delayed_lines_use_the_delayed_tick_ids() -> None:
    sent = messages(table(CALL, generics=frozenset({100, 233}), delayed=True).everything(taken(), greeks=True))
    assert {fields[3] for fields in sent if fields[0] in {"1", "2"}} >= {"66", "67", "68", "71", "74"}
    assert {fields[2] for fields in sent if fields[0] == "21"} == {"83"}
    assert "48" not in {fields[3] for fields in sent if fields[0] == "46"}


def test_every_option_is_sampled_once_in_ten_beats_at_its_own_phase() -> None:
    lines = table(*range(60))
    due: dict[int, list[int]] = {}
    for beat in range(2 * OPTION_BEATS):
        moving = board()
        moving.bid[:] = 5 + beat / 100
        for fields in messages(lines.sampled(beat, taken(moving))):
            if fields[0] == "1" and fields[3] == "1":
                due.setdefault(int(fields[2]), []).append(beat)
    assert len(due) == 60
    assert all(len(sampled) == 2 and sampled[1] - sampled[0] == OPTION_BEATS for sampled in due.values())
    assert len({sampled[0] for sampled in due.values()}) == OPTION_BEATS


def test_on_a_hurried_clock_every_line_and_the_underlying_speak_of_one_instant() -> None:
    lines = table(*range(60))
    lines.add(UnderlyingLine(5, UNIVERSE.underlying, frozenset(), (593.5, 594.0, 595.0, 593.0), delayed=False))
    seen: dict[int, set[str]] = {}
    for beat in range(3 * OPTION_BEATS):
        moving = board()
        moving.bid[:] = 5 + beat / 100
        assert lines.is_due(beat, together=True) == (beat % OPTION_BEATS == 0)
        for fields in messages(lines.sampled(beat, taken(moving), together=True)):
            if fields[0] == "1" and fields[3] == "1":
                seen.setdefault(beat, set()).add(fields[2])
    assert sorted(seen) == [0, OPTION_BEATS, 2 * OPTION_BEATS]
    assert len(seen[0]) == 61
    assert all(len(seen[beat]) == 60 for beat in (OPTION_BEATS, 2 * OPTION_BEATS)), "an unchanged line was told again"


def test_greeks_go_with_one_sample_in_ten() -> None:
    lines = table(*range(60))
    count = 0
    beats = OPTION_BEATS * GREEK_ROUNDS
    for beat in range(2 * beats):
        moving = board()
        moving.model_vol[:] = 0.1 + beat / 1000
        sent = [fields for fields in messages(lines.sampled(beat, taken(moving))) if fields[0] == "21"]
        count += len(sent) if beat >= beats else 0
    assert count == 60


def test_the_underlying_is_sampled_once_in_25_beats() -> None:
    lines = LineTable(*phases(60, 1))
    lines.add(UnderlyingLine(5, UNIVERSE.underlying, frozenset(), (593.5, 594.0, 595.0, 593.0), delayed=False))
    assert sum(lines.is_due(beat) for beat in range(4 * UNDERLYING_BEATS)) == 4
    first = next(sent for beat in range(UNDERLYING_BEATS) if (sent := lines.sampled(beat, taken())))
    assert {("1", kind) for kind in ("1", "2", "4", "6", "7", "9", "14")} <= {tick[:2] for tick in ticks(first)}


def test_a_new_high_of_the_underlying_is_told() -> None:
    lines = LineTable(*phases(60, 1))
    lines.add(UnderlyingLine(5, UNIVERSE.underlying, frozenset(), (593.5, 594.0, 595.0, 593.0), delayed=False))
    lines.everything(taken(), greeks=False)
    higher = replace(board(), underlying_last=600.0)
    assert ("1", "6", "600", "0") in ticks(lines.everything(taken(higher), greeks=False))


def test_phases_repeat_for_one_number_and_differ_for_another() -> None:
    assert phases(60, 4)[0].tolist() == phases(60, 4)[0].tolist()
    assert phases(60, 4)[0].tolist() != phases(60, 5)[0].tolist()


def test_a_slot_is_used_again_and_starts_afresh() -> None:
    lines = table(*range(60))
    lines.everything(taken(), greeks=True)
    assert lines.remove(10 + CALL)
    assert not lines.remove(10 + CALL)
    lines.add(option_line(500, UNIVERSE.options[PUT], frozenset(), ("A", "B"), delayed=False))
    sent = messages(lines.everything(taken(), greeks=True))
    assert {fields[1] if fields[0] == "21" else fields[2] for fields in sent} == {"500"}
    assert len(lines) == 60


def test_more_lines_than_the_first_slots_are_served_too() -> None:
    world = FlatWorld(count=400)
    universe = Universe(world)
    lines = LineTable(*phases(400, 1))
    for item in universe.options:
        lines.add(option_line(item.row, item, frozenset(), ("A", "B"), delayed=False))
    everything = sample(world.board(NOON), NOON, universe, NO_FAULTS)
    bids = [fields for fields in messages(lines.everything(everything, greeks=True)) if fields[0] == "1"]
    assert len({fields[2] for fields in bids}) == 400


def test_prices_are_rounded_before_they_are_compared() -> None:
    lines = table(CALL)
    exact = board()
    exact.bid[CALL] = 0.3
    lines.everything(taken(exact), greeks=False)
    exact.bid[CALL] = 0.1 + 0.2
    assert lines.everything(taken(exact), greeks=False) == b""
    assert taken(exact).quotes[Column.BID, CALL] == 0.3
