"""Scoring as a pure function: what counts as found, missed, pending and false, and what never can happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.cli.scoring import Episode, percentile, score
from apps.contracts.api import Injection, SimulationScore
from apps.contracts.enums import GapReason, OptionType
from apps.contracts.events import Gap

T0 = datetime(2025, 5, 19, 14, 5, tzinfo=UTC)
CALL, PUT = OptionType.CALL, OptionType.PUT


def at(seconds: float) -> datetime:
    """An instant of the day."""
    return T0 + timedelta(seconds=seconds)


def injection(start: float, end: float | None, *strikes: float, expected: bool = True, name: str = "1") -> Injection:
    """Something put into calls."""
    return Injection(
        id=name,
        what="mispricing" if expected else "stale_leg",
        expected=expected,
        market_time=at(start),
        ended_at=None if end is None else at(end),
        strikes=strikes,
        option_type=CALL if strikes else None,
    )


def episode(opened: float, closed: float | None, *strikes: float, right: OptionType = CALL, name: str = "e") -> Episode:
    """An anomaly on these contracts."""
    contracts = frozenset((strike, right) for strike in strikes)
    return Episode(name, at(opened), None if closed is None else at(closed), contracts)


def gap(start: float, end: float | None) -> Gap:
    """An interval without data."""
    return Gap(started_at=at(start), ended_at=None if end is None else at(end), reason=GapReason.NO_GATEWAY)


def counts(answer: SimulationScore) -> tuple[int, int, int, int, int]:
    """Injected, found, missed, pending, false."""
    return answer.injected, answer.found, answer.missed, answer.pending, answer.false


def test_an_episode_on_the_contract_while_it_lasts_finds_it_with_its_delay() -> None:
    answer = score([injection(0, 30, 596)], [episode(1.5, 31, 596)], [], at(60))
    assert counts(answer) == (1, 1, 0, 0, 0)
    assert answer.injections[0].found
    assert answer.injections[0].anomaly_id == "e"
    assert answer.delay_p50_seconds == answer.delay_p95_seconds == 1.5


def test_any_leg_of_a_crossing_counts() -> None:
    assert counts(score([injection(0, 30, 600, 601)], [episode(2, None, 601, 602)], [], at(10))) == (1, 1, 0, 0, 0)


def test_the_other_right_of_the_strike_is_a_false_alarm() -> None:
    assert counts(score([injection(0, 30, 596)], [episode(2, 9, 596, right=PUT)], [], at(60))) == (1, 0, 1, 0, 1)


def test_what_still_runs_is_pending_and_what_is_over_is_missed() -> None:
    running, over = injection(0, None, 596, name="a"), injection(0, 20, 597, name="b")
    assert counts(score([running, over], [], [], at(22))) == (2, 0, 0, 2, 0)
    assert counts(score([running, over], [], [], at(24))) == (2, 0, 1, 1, 0)
    assert counts(score([running, over], [], [], None)) == (2, 0, 0, 2, 0)


def test_an_episode_that_opens_after_the_end_is_late_and_false() -> None:
    assert counts(score([injection(0, 30, 596)], [episode(33, None, 596)], [], at(60))) == (1, 1, 0, 0, 0)
    assert counts(score([injection(0, 30, 596)], [episode(34, None, 596)], [], at(60))) == (1, 0, 1, 0, 1)


def test_an_episode_from_before_was_false_and_still_shows_the_contract() -> None:
    answer = score([injection(10, 30, 596)], [episode(2, 15, 596)], [], at(60))
    assert counts(answer) == (1, 1, 0, 0, 1)
    assert answer.delay_p50_seconds == 0


def test_a_flag_on_a_stale_leg_is_false_and_shown_there() -> None:
    stale = injection(0, 30, 590, expected=False)
    answer = score([stale], [episode(5, 6, 590)], [], at(60))
    assert counts(answer) == (0, 0, 0, 0, 1)
    assert answer.injections[0].found is True
    assert score([stale], [], [], at(60)).injections[0].found is False


def test_what_has_no_contract_is_neither_found_nor_missed() -> None:
    jump = injection(0, 5, expected=False)
    answer = score([jump], [], [], at(60))
    assert counts(answer) == (0, 0, 0, 0, 0)
    assert answer.injections[0].found is None


def test_what_a_gap_hid_is_left_out_and_what_it_hid_in_part_is_not() -> None:
    hidden, half = injection(0, 10, 596, name="a"), injection(0, 30, 597, name="b")
    answer = score([hidden, half], [], [gap(-5, 6), gap(4, 9)], at(60))
    assert counts(answer) == (1, 0, 1, 0, 0)
    assert [one.found for one in answer.injections] == [None, False]
    found = score([hidden], [episode(9.5, None, 596)], [gap(-5, 9)], at(60))
    assert counts(found) == (1, 1, 0, 0, 0)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([], 0.5) is None
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(i) for i in range(1, 101)], 0.95) == 95.0


times = st.floats(0, 100)
strikes = st.lists(st.sampled_from([595.0, 596.0, 597.0]), min_size=1, max_size=3, unique=True)


@st.composite
def injections_made(draw: st.DrawFn) -> list[Injection]:
    """Any day of injections, expected or not."""
    return [
        injection(start, draw(st.none() | times.map(lambda more, start=start: start + more)), *draw(strikes),
                  expected=draw(st.booleans()), name=f"i{n}")
        for n, start in enumerate(draw(st.lists(times, max_size=6)))
    ]  # fmt: skip


@st.composite
def episodes_made(draw: st.DrawFn) -> list[Episode]:
    """Any day of episodes."""
    return [
        episode(start, draw(st.none() | times.map(lambda more, start=start: start + more)), *draw(strikes),
                right=draw(st.sampled_from(list(OptionType))), name=f"e{n}")
        for n, start in enumerate(draw(st.lists(times, max_size=6)))
    ]  # fmt: skip


@given(injections_made(), episodes_made(), st.lists(st.tuples(times, times), max_size=3), times)
def test_the_counts_always_add_up(
    injected: list[Injection], opened: list[Episode], gaps: list[tuple[float, float]], now: float
) -> None:
    closed = [gap(low, low + more) for low, more in gaps]
    answer = score(injected, opened, closed, at(now))
    expected = [one for one in injected if one.expected]
    assert answer.injected == answer.found + answer.missed + answer.pending <= len(expected)
    assert answer.false == len(answer.false_ids) <= len(opened)
    assert len(answer.injections) == len(injected)
    assert (answer.delay_p50_seconds is None) == (answer.found == 0)
    assert answer.found == sum(1 for one in answer.injections if one.expected and one.found)
    without = score(injected, opened, [], at(now))
    assert without.injected == len(expected), "only gaps take anything out of the count"
    assert without.found == answer.found, "a gap never hides what was found"


@given(injections_made(), episodes_made(), times)
def test_the_order_of_arrival_never_matters(injected: list[Injection], opened: list[Episode], now: float) -> None:
    one, other = score(injected, opened, [], at(now)), score(injected[::-1], opened[::-1], [], at(now))
    assert counts(one) == counts(other)
    assert sorted(one.false_ids) == sorted(other.false_ids)


@given(injections_made(), episodes_made(), times)
def test_without_injections_every_episode_is_false(
    injected: list[Injection], opened: list[Episode], now: float
) -> None:
    unexpected = [one for one in injected if not one.expected]
    assert score(unexpected, opened, [], at(now)).false == len(opened)
