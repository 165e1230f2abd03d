"""What is put in on purpose is as large as it says, lasts as long as it says, and is in the truth file."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from apps.contracts.api import Injection
from apps.simulator import calibrated
from apps.simulator.injections import EXPECTED, GATEWAY_FAULTS, schedule
from apps.simulator.modelled import ModelledWorld
from apps.simulator.scenarios import DEMO, load
from apps.simulator.truth import TruthFile, TruthReader, utc
from tests.simulator.days import same, world

FEE = 0.0075


def demo(what: str) -> tuple[ModelledWorld, int]:
    """The calibrated day and the index of its first injection of a kind."""
    day = world("calibrated")
    return day, next(i for i, injected in enumerate(day.injections) if injected.what == what)


def test_the_demo_is_over_within_ninety_seconds_and_shows_every_kind() -> None:
    assert {injected.what for injected in DEMO} == {
        "mispricing",
        "stale_leg",
        "crossed_vertical",
        "spot_jump",
        "channel_drop",
        "gateway_drop",
    }
    assert all(injected.end <= 90 for injected in DEMO)
    lasting = {injected.what: injected.seconds for injected in DEMO}
    assert lasting["mispricing"] >= 15
    assert lasting["crossed_vertical"] >= 10
    assert lasting["channel_drop"] == 8
    assert lasting["gateway_drop"] == 5


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_cheap_call_is_three_half_spreads_below_its_fair_value(number: int) -> None:
    day = world("calibrated", number)
    placed = day.placed(0)
    (row,) = placed.rows
    assert day.listings[row].right == "C"
    assert placed.spread >= 0.02
    assert -placed.shift / (placed.spread / 2) == pytest.approx(3, abs=0.5)
    for offset in np.linspace(0.5, 29.5, 30):
        at = placed.injected.start + float(offset)
        board, fair = day.board(at), day.fair(at)
        middle = (board.bid[row] + board.ask[row]) / 2
        assert middle - fair[row] == pytest.approx(placed.shift, abs=0.0101)
        assert fair[row] - board.ask[row] >= 0.01 - 1e-9, "worth less than a tick to a taker"
        assert board.ask[row] - board.bid[row] == pytest.approx(placed.spread)


def test_the_quotes_are_fair_again_when_an_injection_is_over() -> None:
    day, index = demo("mispricing")
    end = day.injections[index].end
    quiet = world("quiet")
    (row,) = day.placed(index).rows
    assert day.board(end - 0.2).ask[row] != quiet.board(end - 0.2).ask[row]
    assert same(day.board(day.session.start + 1), quiet.board(day.session.start + 1))
    assert day.board(end + 0.1).ask[row] == quiet.board(end + 0.1).ask[row]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_crossed_vertical_is_worth_showing_after_fees(number: int) -> None:
    day = world("calibrated", number)
    index = next(i for i, injected in enumerate(day.injections) if injected.what == "crossed_vertical")
    placed = day.placed(index)
    near, far = placed.rows
    assert day.listings[near].strike < day.listings[far].strike
    for offset in np.linspace(0.2, placed.injected.seconds - 0.2, 20):
        board = day.board(placed.injected.start + float(offset))
        net = board.bid[far] - board.ask[near] - 2 * FEE
        assert net >= 0.03
        assert min(board.bid_size[far], board.ask_size[near]) >= 20


def test_a_stale_leg_stands_still_while_the_forward_moves() -> None:
    day, index = demo("stale_leg")
    injected, (row,) = day.injections[index], day.placed(index).rows
    first = day.board(injected.start)
    moved = 0.0
    for offset in np.linspace(0, injected.seconds - 0.2, 40):
        at = injected.start + float(offset)
        board = day.board(at)
        assert board.frozen[row]
        assert board.frozen.sum() == 1
        assert (board.bid[row], board.ask[row]) == (first.bid[row], first.ask[row])
        moved = max(moved, abs(day.forward(at) - day.forward(injected.start)))
    assert moved > 0.05
    assert not day.board(injected.end).frozen.any()


def test_the_spot_jumps_by_a_dollar_with_every_quote_and_comes_back_slowly() -> None:
    day, index = demo("spot_jump")
    start, quiet = day.injections[index].start, world("quiet")
    before, after = start - 0.1, start + 0.1
    assert day.forward(after) - quiet.forward(after) == pytest.approx(1, abs=0.01)
    assert day.forward(before) == quiet.forward(before)
    assert day.forward(start + 300) - quiet.forward(start + 300) == pytest.approx(0.5, abs=0.01)
    assert day.forward(start + 601) == quiet.forward(start + 601)
    fair, board = day.fair(after), day.board(after)
    assert ((board.bid <= fair + 1e-9) & (board.ask >= fair - 1e-9)).all()


def test_gateway_faults_are_handed_to_the_gateway_with_their_times() -> None:
    day = world("calibrated")
    first = {fault.what: fault for fault in reversed(day.faults)}
    assert set(first) == GATEWAY_FAULTS
    assert first["channel_drop"].at == day.session.start + 66
    assert first["channel_drop"].seconds == 8
    assert all(fault.seconds is not None for fault in day.faults)


def test_the_schedule_goes_on_all_day_with_every_kind_and_quiet_spells() -> None:
    start, end = calibrated.OPEN + 3600, calibrated.CLOSE - 300
    made = schedule(start, end, 1)
    assert made == schedule(start, end, 1) != schedule(start, end, 2)
    assert {injected.what for injected in made} == EXPECTED | {"stale_leg", "spot_jump", "gateway_drop"}
    assert {abs(injected.half_spreads) for injected in made if injected.half_spreads} == {1.5, 2, 3, 5, 10}
    pauses = [later.start - sooner.end for sooner, later in pairwise(made)]
    assert min(pauses) >= 5
    assert max(pauses) > 120
    assert made[-1].end > end - 600


def test_injections_all_over_the_day_are_as_large_as_the_truth_says() -> None:
    day = world("calibrated")
    checked = 0
    for index, injected in enumerate(day.injections):
        if injected.what != "mispricing" or index % 3:
            continue
        placed = day.placed(index)
        (row,) = placed.rows
        at = injected.start + injected.seconds / 2
        board, fair = day.board(at), day.fair(at)
        claimed = placed.record("x").size_half_spreads
        assert claimed is not None
        assert claimed >= abs(injected.half_spreads) - 1e-9
        assert abs((board.bid[row] + board.ask[row]) / 2 - fair[row] - placed.shift) <= 0.0101
        assert fair[row] >= 0.02, "worth nothing: nobody could find it"
        checked += 1
    assert checked > 30


def test_the_truth_file_holds_what_was_reached_and_nothing_that_is_to_come(tmp_path: Path) -> None:
    path = tmp_path / "run" / "truth.jsonl"
    day = load("calibrated", truth=path)
    reader = TruthReader(path)
    day.board(day.session.start + 5)
    reader.read()
    assert reader.injections == {}
    day.board(day.session.start + 20)
    reader.read()
    assert [injection.what for injection in reader.injections.values()] == ["mispricing", "stale_leg"]
    assert all(injection.ended_at is None for injection in reader.injections.values())
    day.board(day.session.start + 100)
    reader.read()
    found = list(reader.injections.values())
    assert [injection.what for injection in found] == [injected.what for injected in DEMO]
    assert all(injection.ended_at is not None for injection in found)
    assert [injection.expected for injection in found] == [True, False, True, False, False, False]
    assert len(found[2].strikes) == 2
    day.board(day.session.start)
    assert len(path.read_text().splitlines()) == 2 * len(DEMO), "going back writes nothing twice"


def test_the_whole_days_truth_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    day = load("calibrated", truth=path)
    assert isinstance(day, ModelledWorld)
    day.board(day.session.close)
    reader = TruthReader(path)
    reader.read()
    assert len(reader.injections) == len(day.injections)
    for injection, injected in zip(reader.injections.values(), day.injections, strict=True):
        assert injection.market_time == utc(injected.start)
        assert injection.ended_at == utc(injected.end)


def test_the_reader_takes_whole_lines_only_and_counts_what_it_cannot_use(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    reader = TruthReader(path)
    reader.read()
    line = Injection(id="1", what="mispricing", expected=True, market_time=utc(1e9)).model_dump_json()
    path.write_text(line[:20])
    reader.read()
    assert reader.injections == {}
    path.write_text(line + "\nnonsense\n" + line[:9])
    reader.read()
    assert list(reader.injections) == ["1"]
    assert reader.refused == 1
    path.write_text("")
    reader.read()
    assert reader.injections == {}


def test_without_a_path_the_truth_is_kept_to_itself() -> None:
    TruthFile(None, [Injection(id="1", what="halt", expected=False, market_time=utc(0))]).reach(math.inf)
