"""Scores added up: every episode in exactly one group, unknown in no count, means that are means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.anomalies import Markout, Score
from apps.contracts.enums import Kind, Mover, Severity
from apps.contracts.scores import (
    GROUPS_MAX,
    SCORE_INSTANTS,
    ScoreBy,
    ScoredEpisode,
    half_hour,
    moneyness,
    score_groups,
)
from apps.market.scoring import SCORE_SECONDS
from tests.contracts.builders import make_anomaly

OPENED = datetime(2025, 5, 19, 14, 5, tzinfo=UTC)


def scored(moved: Mover = Mover.QUOTE, **at_one_second: object) -> Score:
    """A score whose only known instant is one second after the opening."""
    return Score(markouts=[Markout(after_seconds=1.0, **at_one_second), Markout(after_seconds=60.0)], moved=moved)


def episode(score: Score | None = None, **changes: object) -> ScoredEpisode:
    facts = {"kind": Kind.RESIDUAL, "highest_severity": Severity.LOW, "opened_at": OPENED, "delta": 0.3, "score": score}
    return ScoredEpisode.model_validate({**facts, **changes})


MARKOUTS = st.builds(
    Markout,
    after_seconds=st.sampled_from([*SCORE_INSTANTS, 7.0]),
    executable=st.none() | st.booleans(),
    edge_net=st.none() | st.floats(-5, 5),
    hedged_mid=st.none() | st.floats(-5, 5),
)
EPISODES = st.lists(
    st.builds(
        ScoredEpisode,
        kind=st.sampled_from(Kind),
        highest_severity=st.sampled_from(Severity),
        opened_at=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        delta=st.none() | st.floats(-1, 1),
        score=st.none() | st.builds(Score, markouts=st.lists(MARKOUTS, max_size=12), moved=st.sampled_from(Mover)),
    ),
    max_size=30,
)


def test_the_instants_are_those_at_which_the_detector_scores() -> None:
    assert SCORE_INSTANTS == SCORE_SECONDS


def test_known_figures_are_counted_and_averaged_and_unknown_ones_left_out() -> None:
    episodes = [
        episode(scored(executable=True, edge_net=0.02, hedged_mid=0.03)),
        episode(scored(Mover.FAIR, executable=False, edge_net=-0.01, hedged_mid=-0.01)),
        episode(scored(Mover.NEITHER)),
        episode(),
    ]
    [group] = score_groups(episodes, ScoreBy.KIND)
    assert (group.group, group.episodes, group.scored, group.unscored) == ("RESIDUAL", 4, 3, 1)
    assert (group.moved_quote, group.moved_fair, group.moved_neither) == (1, 1, 1)
    one = next(instant for instant in group.instants if instant.after_seconds == 1.0)
    assert (one.executable, one.executable_known) == (1, 2)
    assert (one.edge_net, one.edge_known) == (0.005, 2)
    assert (one.hedged_mid, one.in_favour, one.hedged_known) == (0.01, 1, 2)
    minute = group.instants[-1]
    assert (minute.after_seconds, minute.edge_known, minute.edge_net, minute.hedged_mid) == (60.0, 0, None, None)


@pytest.mark.parametrize(
    ("delta", "name"),
    [
        (None, "unknown"),
        (0.05, "deep_otm"),
        (-0.1, "otm"),
        (0.39, "otm"),
        (-0.5, "atm"),
        (0.6, "itm"),
        (-0.9, "deep_itm"),
        (1.0, "deep_itm"),
    ],
)
def test_moneyness_is_a_class_of_delta_alike_for_calls_and_puts(delta: float | None, name: str) -> None:
    assert moneyness(delta) == name


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (datetime(2025, 5, 19, 13, 30, tzinfo=UTC), "09:30"),
        (datetime(2025, 5, 19, 13, 59, 59, tzinfo=UTC), "09:30"),
        (datetime(2025, 5, 19, 14, 0, tzinfo=UTC), "10:00"),
        (datetime(2025, 12, 19, 14, 30, tzinfo=UTC), "09:30"),
    ],
)
def test_half_hours_are_new_yorks_in_summer_and_in_winter(moment: datetime, name: str) -> None:
    assert half_hour(moment) == name


def test_groups_come_in_their_natural_order() -> None:
    severities = score_groups([episode(highest_severity=each) for each in Severity], ScoreBy.SEVERITY)
    assert [group.group for group in severities] == ["HIGH", "MEDIUM", "LOW"]
    sides = score_groups([episode(delta=delta) for delta in (None, 0.95, 0.5, 0.01)], ScoreBy.MONEYNESS)
    assert [group.group for group in sides] == ["deep_otm", "atm", "deep_itm", "unknown"]


def test_spread_and_volume_propose_no_trade_so_they_do_not_wait_for_a_score() -> None:
    groups = score_groups([episode(kind=Kind.SPREAD), episode(kind=Kind.BOX)], ScoreBy.KIND)
    assert {group.group: group.unscored for group in groups} == {"BOX": 1, "SPREAD": 0}


def test_a_whole_anomaly_reads_as_an_episode() -> None:
    anomaly = make_anomaly(delta=0.31, score=scored(edge_net=0.01))
    read = ScoredEpisode.model_validate_json(anomaly.model_dump_json())
    assert (read.kind, read.delta, read.score) == (anomaly.kind, 0.31, anomaly.score)


@given(EPISODES, st.sampled_from(ScoreBy))
def test_every_episode_is_in_exactly_one_group_and_the_sums_do_not_depend_on_the_grouping(
    episodes: list[ScoredEpisode], by: ScoreBy
) -> None:
    groups = score_groups(episodes, by)
    assert len(groups) <= GROUPS_MAX
    assert sum(group.episodes for group in groups) == len(episodes)
    assert sum(group.scored for group in groups) == sum(each.score is not None for each in episodes)
    for group in groups:
        assert group.moved_quote + group.moved_fair + group.moved_neither == group.scored
        assert [instant.after_seconds for instant in group.instants] == list(SCORE_INSTANTS)
        for instant in group.instants:
            assert instant.executable <= instant.executable_known
            assert instant.in_favour <= instant.hedged_known
            assert (instant.edge_net is None) is (instant.edge_known == 0)
    whole = [
        sum(
            instant.executable_known for group in groups for instant in group.instants if instant.after_seconds == after
        )
        for after in SCORE_INSTANTS
    ]
    marks = [mark for each in episodes if each.score is not None for mark in each.score.markouts]
    assert whole == [
        sum(mark.after_seconds == after and mark.executable is not None for mark in marks) for after in SCORE_INSTANTS
    ]
