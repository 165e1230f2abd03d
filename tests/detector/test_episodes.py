"""The life of an episode: debounce, severity, cool-down, endings; and that the scan rate changes none of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts.enums import CloseReason, EpisodeStatus, Kind, Severity
from apps.detector.episodes import Change, Episodes, EpisodeSettings, Key, Sighting

CALL_594: Key = (Kind.RESIDUAL, 594.0, True)
PUT_590: Key = (Kind.VERTICAL, 590.0, False)


def reverted(_key: Key) -> CloseReason:
    return CloseReason.REVERTED


def play(
    episodes: Episodes, times: Sequence[float], seen: dict[float, Sighting] | Sighting | None, why=reverted
) -> list[tuple[float, Change]]:
    """Step through `times` with the same sighting, or with the one of each time."""
    out = []
    for time in times:
        sighting = seen.get(time) if isinstance(seen, dict) else seen
        out += [(time, change) for change in episodes.step(time, [sighting] if sighting else [], why)]
    return out


def at(rate: float, start: float, end: float) -> list[float]:
    return [start + step / rate for step in range(int((end - start) * rate) + 1)]


def low(updates: int = 1) -> Sighting:
    return Sighting(CALL_594, Severity.LOW, updates)


def test_a_blink_opens_nothing() -> None:
    assert not play(Episodes(), at(20, 0, 0.45), low())


def test_half_a_second_opens_a_low_episode_with_number_one() -> None:
    [(time, change)] = play(Episodes(), at(20, 0, 0.6), low())
    assert (time, change.status, change.episode.number) == (0.5, EpisodeStatus.OPEN, 1)


def test_high_needs_a_second_and_a_second_quote_of_the_culprit() -> None:
    episodes = Episodes()
    frozen = Sighting(CALL_594, Severity.HIGH, updates=7)
    [(_, opened)] = play(episodes, at(20, 0, 3), frozen)
    assert (opened.episode.severity, opened.episode.held) == (Severity.MEDIUM, True)
    confirmed = Sighting(CALL_594, Severity.HIGH, updates=8)
    [(_, rose)] = play(episodes, [3.05], confirmed)
    assert (rose.status, rose.episode.severity, rose.rose) == (EpisodeStatus.UPDATE, Severity.HIGH, True)
    assert not rose.episode.held


def test_a_break_in_sight_starts_the_debounce_anew() -> None:
    seen = {time: low() for time in at(20, 0, 0.4)} | {time: low() for time in at(20, 0.5, 0.9)}
    assert not play(Episodes(), at(20, 0, 0.9), seen)


def test_an_episode_survives_a_short_absence_and_closes_after_a_long_one() -> None:
    episodes = Episodes()
    play(episodes, at(20, 0, 1), low())
    assert not play(episodes, at(20, 1.05, 2.5), None)
    assert not play(episodes, at(20, 2.55, 2.6), low())
    [(time, change)] = play(episodes, at(20, 2.65, 6), None)
    assert time == pytest.approx(4.65)
    assert (change.status, change.reason) == (EpisodeStatus.CLOSED, CloseReason.REVERTED)


def test_the_cool_down_holds_a_second_episode_back_and_numbers_it_two() -> None:
    episodes = Episodes()
    play(episodes, at(20, 0, 1), low())
    [(closed_at, _)] = play(episodes, at(20, 1.05, 4), None)
    [(time, change)] = play(episodes, at(20, 5, 60), low())[:1]
    assert time == pytest.approx(closed_at + 30, abs=0.051)
    assert change.episode.number == 2


@pytest.mark.parametrize("reason", [CloseReason.GAP, CloseReason.STATE, CloseReason.SESSION, CloseReason.EXPIRED])
def test_a_gap_or_a_halt_closes_at_once_without_a_cool_down(reason: CloseReason) -> None:
    episodes = Episodes()
    play(episodes, at(20, 0, 1), low())
    [change] = episodes.close_all(1.05, reason)
    assert (change.status, change.reason) == (EpisodeStatus.CLOSED, reason)
    assert [change.status for _, change in play(episodes, at(20, 2, 2.5), low())] == [EpisodeStatus.OPEN]


def test_a_contract_that_left_the_window_closes_at_once() -> None:
    episodes = Episodes()
    play(episodes, at(20, 0, 1), low())
    [(time, change)] = play(episodes, [1.05], None, why=lambda _: CloseReason.WINDOW)
    assert (time, change.reason) == (1.05, CloseReason.WINDOW)


def test_severity_falls_after_two_seconds_and_the_highest_is_kept() -> None:
    episodes = Episodes()
    play(episodes, at(20, 0, 1), Sighting(CALL_594, Severity.MEDIUM, 1))
    told = play(episodes, at(20, 1.05, 4), low())
    [(time, change)] = [(time, change) for time, change in told if change.episode.severity is Severity.LOW]
    assert time == pytest.approx(3.05)
    assert change.episode.highest is Severity.MEDIUM


def test_an_unchanged_episode_is_told_again_at_most_every_five_seconds() -> None:
    told = play(Episodes(), at(20, 0, 60), low())
    assert len(told) == 1 + 59 // 5


def test_two_contracts_live_their_own_lives() -> None:
    episodes = Episodes()
    for time in at(20, 0, 1):
        episodes.step(time, [low(), Sighting(PUT_590, Severity.LOW, 1)], reverted)
    for time in at(20, 1.05, 5):
        episodes.step(time, [low()], reverted)
    assert [episode.key for episode in episodes.open] == [CALL_594]


def test_a_restored_episode_goes_on_under_its_number() -> None:
    before = Episodes()
    play(before, at(20, 0, 1), low())
    after = Episodes(numbers={CALL_594: 1})
    after.restore(before.open, 5)
    assert not play(after, at(20, 5, 6), low(updates=400))
    [(_, change)] = play(after, at(20, 6.05, 9), None)
    assert change.episode.number == 1
    assert [c.episode.number for _, c in play(after, at(20, 60, 61), low())] == [2]


def test_several_leg_sets_around_one_culprit_are_one_episode() -> None:
    episodes = Episodes()
    both = [Sighting(PUT_590, Severity.LOW, 1), Sighting(PUT_590, Severity.MEDIUM, 1)]
    told = [change for time in at(20, 0, 1) for change in episodes.step(time, both, reverted)]
    assert [change.episode.severity for change in told] == [Severity.MEDIUM]


# The property of D5: for anomalies that last at least 10 s, the scan rate changes neither episodes nor severities.

RATES = (0.5, 1.0, 2.0, 3.7, 10.0, 20.0)


def _anomalies() -> st.SearchStrategy[list[tuple[float, float, Severity, float]]]:
    """(pause before, length, severity, seconds between quotes of the culprit), pauses longer than the cool-down."""
    one = st.tuples(
        st.floats(45, 90), st.floats(10, 60), st.sampled_from(list(Severity)), st.sampled_from([0.1, 0.7, 2.0, 1e9])
    )
    return st.lists(one, min_size=1, max_size=4)


def _run(anomalies: list[tuple[float, float, Severity, float]], rate: float, phase: float) -> list[list[object]]:
    """Episodes as [key, number, highest, opened, closed] at one scan rate; quotes are the same for every rate."""
    spans, start = [], 0.0
    for pause, length, severity, period in anomalies:
        start += pause
        spans.append((start, start + length, severity, period))
        start += length
    episodes, lives = Episodes(), []
    for time in at(rate, phase / rate, start + 10):
        now = [
            Sighting(CALL_594, severity, 1 + int((time - first) / period))
            for first, last, severity, period in spans
            if first <= time < last
        ]
        for change in episodes.step(time, now, reverted):
            if change.status is EpisodeStatus.OPEN:
                lives.append([change.episode.key, change.episode.number, change.episode.highest, time, None])
            else:
                lives[-1][2] = change.episode.highest
                lives[-1][4] = time if change.status is EpisodeStatus.CLOSED else None
    return lives


@settings(max_examples=60, deadline=None)
@given(anomalies=_anomalies(), phase=st.floats(0, 1, exclude_max=True))
def test_the_scan_rate_changes_no_episode_and_no_highest_severity(anomalies, phase: float) -> None:
    reference = _run(anomalies, 20.0, 0.0)
    assert len(reference) == len(anomalies)
    for rate in RATES:
        lives = _run(anomalies, rate, phase)
        assert [life[:3] for life in lives] == [life[:3] for life in reference]
        bound = 2 / rate + 2 / 20 + 1e-6
        for life, other in zip(lives, reference, strict=True):
            assert abs(life[3] - other[3]) <= bound
            assert abs(life[4] - other[4]) <= bound


def test_times_are_seconds_so_a_setting_in_seconds_means_the_same_at_every_rate() -> None:
    slow = EpisodeSettings(open_seconds=5, close_seconds=5)
    opened = {rate: play(Episodes(slow), at(rate, 0, 20), low())[0][0] for rate in (1.0, 20.0)}
    assert opened == {1.0: 5.0, 20.0: 5.0}
