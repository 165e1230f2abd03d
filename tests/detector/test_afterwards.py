"""Scores: every episode is judged by what its own legs did, once, however it ended."""

from __future__ import annotations

import json

import pytest

from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import CloseReason, EpisodeStatus, Kind, Mover
from apps.detector.detection import Detection
from apps.market.settings import ScanSettings
from tests.detector.helpers import OPEN_1005, STREAM
from tests.detector.test_detection import anomalies, watch

AFTER = [0.25, 0.5, 1.0, 5.0, 30.0, 60.0]


@pytest.fixture
def detection() -> Detection:
    return Detection(STREAM, ScanSettings())


def scored(told: list[object]) -> list[Anomaly]:
    return [a for a in anomalies(told) if a.score is not None and a.kind is Kind.RESIDUAL]


def test_a_quote_that_came_back_is_scored_as_the_quote_s_move(detection: Detection) -> None:
    watch(detection, 4, cheap=-0.25)
    [body] = scored(watch(detection, 70, start=OPEN_1005 + 4))
    assert body.score is not None
    assert [m.after_seconds for m in body.score.markouts] == AFTER
    assert [m.executable for m in body.score.markouts] == [True, True, True, False, None, None]
    assert body.score.moved is Mover.QUOTE
    assert (body.status, body.close_reason) == (EpisodeStatus.CLOSED, CloseReason.REVERTED)
    edges = [m.edge_net for m in body.score.markouts]
    assert edges[:2] == [None, None]
    assert edges[2] > 0 > edges[3]  # type: ignore[operator]


def test_an_episode_still_open_after_a_minute_keeps_its_score_in_later_updates(detection: Detection) -> None:
    told = scored(watch(detection, 75, cheap=-0.25))
    assert len(told) >= 2
    assert {a.status for a in told} == {EpisodeStatus.UPDATE}
    assert all(a.score == told[0].score for a in told)
    assert told[0].score is not None
    assert told[0].score.moved is Mover.NEITHER


def test_instants_inside_a_gap_stay_unknown(detection: Detection) -> None:
    watch(detection, 3, cheap=-0.25)
    detection.interrupt(OPEN_1005 + 3, CloseReason.GAP, t_recv=1.0, t_detect=1.0)
    [body] = scored(watch(detection, 30, start=OPEN_1005 + 40))
    assert body.score is not None
    known = {m.after_seconds: m.edge_net is not None for m in body.score.markouts}
    assert known == {0.25: False, 0.5: False, 1.0: True, 5.0: False, 30.0: False, 60.0: True}
    assert body.close_reason is CloseReason.GAP


def test_the_end_of_the_session_scores_with_what_is_known(detection: Detection) -> None:
    watch(detection, 3, cheap=-0.25)
    told = detection.interrupt(OPEN_1005 + 3, CloseReason.SESSION, t_recv=1.0, t_detect=1.0)
    assert [a.status for a in scored(list(told))] == [EpisodeStatus.CLOSED]
    assert detection.afterwards.saved() == []


def test_a_successor_finishes_the_score(detection: Detection) -> None:
    watch(detection, 4, cheap=-0.25)
    saved = json.loads(json.dumps(detection.afterwards.saved()))
    heir = Detection(STREAM, ScanSettings())
    heir.restore(list(detection.bodies.values()), OPEN_1005 + 4)
    heir.afterwards.restore([*saved, {"anomaly": {}}])
    assert len(scored(watch(heir, 70, start=OPEN_1005 + 4))) == 1
