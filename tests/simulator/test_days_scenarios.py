"""Each scenario shows the state it is for; a wrong name or file is refused in one sentence."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from apps.contracts.names import Env
from apps.simulator import calibrated, generated
from apps.simulator.calibration import calibrate
from apps.simulator.pricing import implied_total_sd
from apps.simulator.recorded import RecordingError
from apps.simulator.scenarios import NAMES, SCENARIOS, UnknownScenario, environment, event_times, load
from apps.simulator.world import Board
from tests.simulator.days import crossings, row_of, world


def two_sided(board: Board) -> float:
    """Share of contracts with both sides."""
    return float(np.mean(~np.isnan(board.bid) & ~np.isnan(board.ask)))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "recorded"])
def test_every_scenario_loads_with_a_start_inside_its_day(name: str) -> None:
    day = load(name)
    session = day.session
    assert day.name == name
    assert day.labels
    assert session.open - 60 <= session.start < session.close < session.option_cutoff
    board = day.board(session.start)
    for side in (board.bid, board.ask, board.volume, board.halted, board.model_delta):
        assert side.shape == (len(day.listings),)
    assert len({listing.con_id for listing in day.listings}) == len(day.listings)
    assert all(len(listing.local_symbol) == 21 for listing in day.listings)


def test_the_default_starts_at_10_05_new_york() -> None:
    assert world("calibrated").session.start == calibrated.OPEN + 35 * 60
    assert f"{world('calibrated').session.day}" == "2025-05-19"
    assert world("calibrated").session.previous_close == pytest.approx(calibrate().forward, abs=0.005)


def test_before_the_open_the_stock_trades_and_the_options_do_not() -> None:
    day = world("open")
    board = day.board(day.session.start)
    assert day.session.start == day.session.open - 30
    assert np.isnan(board.bid).all()
    assert np.isnan(board.ask).all()
    assert board.underlying_bid > 0
    assert board.volume.sum() == 0


def test_the_open_is_one_sided_and_wide_and_settles() -> None:
    day = world("open")
    session = day.session
    ten, later = day.board(session.open + 10), day.board(session.open + 300)
    one_sided = np.isnan(ten.bid) != np.isnan(ten.ask)
    assert one_sided.mean() > 0.1
    assert two_sided(ten) < 0.8
    assert two_sided(day.board(session.open + 60)) == 1
    early = day.board(session.open + 45)
    assert np.median(early.ask - early.bid) > 2 * np.median(later.ask - later.bid)


def test_a_halt_marks_every_contract_and_freezes_the_day_until_it_ends() -> None:
    day = world("halt")
    start = day.session.start
    before, first, last, after = (day.board(start + offset) for offset in (19.9, 20.1, 109, 111))
    assert not before.halted.any()
    assert first.halted.all()
    assert last.halted.all()
    assert not after.halted.any()
    np.testing.assert_array_equal(first.bid, last.bid)
    assert (first.underlying_bid, first.volume.sum()) == (last.underlying_bid, last.volume.sum())
    assert after.volume.sum() > last.volume.sum()


def test_the_last_hour_runs_out_of_live_strikes_and_ends() -> None:
    day = world("last-hour")
    session = day.session
    assert session.start == session.close - 3600

    def live(at: float) -> int:
        board, forward = day.board(at), day.forward(at)
        otm = np.array([(item.strike >= forward) == (item.right == "C") for item in day.listings])
        return int((otm & (board.bid > 0.01)).sum())

    assert live(session.start) > live(session.close - 900) > live(session.close - 60)
    assert live(session.close - 60) <= 6
    expired = day.board(session.close + 60)
    forward = day.forward(session.close + 60)
    in_the_money = row_of(day, 590.0, "C")
    assert expired.bid[in_the_money] <= forward - 590 <= expired.ask[in_the_money]
    assert np.isnan(day.board(session.option_cutoff + 1).bid).all()


def test_the_event_day_has_a_w_until_its_decision() -> None:
    day = world("event")
    (instant,) = event_times("event")
    at = instant.timestamp()
    assert day.session.start < at - 300, "the state before the event is seen too"

    def smile(when: float) -> list[float]:
        forward, fair = day.forward(when), day.fair(when)
        money = round(forward)
        strike = np.array([money + offset for offset in (-9, -4, 0, 4, 9)], dtype=float)
        rows = [row_of(day, value, "C") for value in strike]
        sd = implied_total_sd(fair[rows], forward, strike, np.ones(5, dtype=bool))
        return [float(value) for value in sd]

    low, dip_low, centre, dip_high, high = smile(at - 60)
    assert centre > 1.05 * dip_low
    assert centre > 1.05 * dip_high
    assert low > 1.05 * dip_low
    assert high > 1.05 * dip_high
    low, dip_low, centre, dip_high, high = smile(at + 60)
    assert low > dip_low > 0.9 * centre, "afterwards it is the ordinary smile again"
    assert day.forward(at + 1) - day.forward(at - 1) == pytest.approx(2.5, abs=0.3)
    assert crossings(day, day.board(at - 60)) == []


def test_the_quiet_day_has_nothing_put_in() -> None:
    assert world("quiet").injections == ()
    assert world("quiet").faults == ()


@pytest.mark.parametrize("name", ["generated-mixture", "generated-jump"])
def test_generated_days_say_so_and_differ_by_family_and_number(name: str) -> None:
    day = world(name)
    assert day.labels == ("GENERATED",)
    assert day.injections == ()
    assert day.session.close - day.session.open == 6.5 * 3600
    at = generated.OPEN + 3600
    other = world("generated-jump" if name == "generated-mixture" else "generated-mixture")
    assert not np.array_equal(day.fair(at), other.fair(at))
    assert not np.array_equal(day.fair(at), world(name, 2).fair(at))
    assert day.listings[0].strike < 0.97 * 690 < 1.03 * 690 < day.listings[-1].strike


def test_the_services_are_told_the_symbol_and_the_events() -> None:
    assert environment("calibrated") == {Env.SYMBOL: "SPY"}
    assert environment("spxw-replay") == {Env.SYMBOL: "SPX", Env.STRIKES_RANGE_PERCENT: "3.0"}
    assert environment("event")[Env.EVENT_TIMES] == "2025-05-19T18:00:00+00:00"


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("calibrate", "calibrated"), ("lasthour", "last-hour"), ("generated", "generated-jump")]
)
def test_an_unknown_scenario_is_refused_naming_the_nearest(wrong: str, nearest: str) -> None:
    with pytest.raises(UnknownScenario, match=f"no scenario named '{wrong}'. Did you mean {nearest}") as error:
        load(wrong)
    assert all(name in str(error.value) for name in SCENARIOS)


def test_a_recorded_day_needs_its_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownScenario, match="spy replay FILE"):
        load("recorded")
    with pytest.raises(RecordingError, match="no recording at"):
        load("recorded", recording=tmp_path / "absent.jsonl.gz")


def test_a_board_costs_the_gateway_little() -> None:
    """Work, not time: one new chunk in five seconds, everything else is looked up."""
    day = world("calibrated", 5)
    start = day.session.start + 200
    day.board(start)
    made = 0
    walk = day._quotes._walk

    def counted(*arguments: object) -> object:
        nonlocal made
        made += 1
        return walk(*arguments)  # type: ignore[arg-type]

    day._quotes._walk = counted  # type: ignore[method-assign,assignment]
    began = time.perf_counter()
    for step in range(1000):
        day.board(start + step * 0.05)
    day._quotes._walk = walk  # type: ignore[method-assign]
    print(f"{(time.perf_counter() - began):.3f} s for 1,000 boards over 50 s")
    assert made <= 12
