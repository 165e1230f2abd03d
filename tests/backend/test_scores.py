"""The day's scores as a reader gets them: grouped, of that day only, and without amounts for whom they are hidden."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.backend.routes import scores
from apps.contracts.anomalies import Markout, Score
from apps.contracts.enums import DisplayPolicy, Kind, Mover, Role, Severity
from apps.contracts.events import Event
from tests.backend.running import request_of, running, stream
from tests.contracts.builders import DAY, MARKET_TIME, make_anomaly_event

RIGHT = Score(markouts=[Markout(after_seconds=1, executable=True, edge_net=0.0204, hedged_mid=0.0107)], moved="quote")
WRONG = Score(markouts=[Markout(after_seconds=1, executable=False, edge_net=-0.03, hedged_mid=-0.01)], moved="fair")


def scored(seq: int, score: Score | None = RIGHT, *, minutes: int = 0, **facts: Any) -> Event:
    at = MARKET_TIME + timedelta(minutes=minutes)
    return make_anomaly_event(seq, episode=seq, opened_at=at, timestamp=at, score=score, **facts)


EVENTS = [
    scored(1, delta=0.3),
    scored(2, WRONG, minutes=1, delta=0.5, highest_severity=Severity.HIGH),
    scored(3, minutes=40, kind=Kind.VERTICAL, delta=0.5),
    scored(4, None, minutes=41),
]


def at_one_second(group: dict[str, Any]) -> dict[str, Any]:
    return next(instant for instant in group["instants"] if instant["after_seconds"] == 1)


async def test_a_days_episodes_are_added_up_by_what_is_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        await here.ingest(request_of(EVENTS, 1, stream()))
        by_kind = await here.read("/scores")
        seen = {
            by: {group["group"]: group["episodes"] for group in (await here.read("/api/scores", by=by))["groups"]}
            for by in ("severity", "moneyness", "half_hour")
        }
    assert (by_kind["day"], by_kind["by"], by_kind["complete"]) == (DAY, "kind", True)
    residual, vertical = by_kind["groups"]
    assert (residual["group"], residual["scored"], residual["unscored"]) == ("RESIDUAL", 2, 1)
    assert (residual["moved_quote"], residual["moved_fair"]) == (1, 1)
    assert at_one_second(residual)["edge_net"] == pytest.approx(-0.0048)
    assert at_one_second(vertical)["in_favour"] == 1
    assert seen == {
        "severity": {"HIGH": 1, "LOW": 3},
        "moneyness": {"otm": 1, "atm": 2, "unknown": 1},
        "half_hour": {"10:00": 2, "10:30": 2},
    }


async def test_another_day_of_the_same_run_has_its_own_scores(tmp_path: Path) -> None:
    later = stream(day="2025-05-20")
    async with running(tmp_path) as here:
        await here.ingest(request_of(EVENTS, 1, stream()))
        await here.ingest(request_of([scored(1, minutes=24 * 60, day="2025-05-20", id="another-day")], 1, later))
        newest = await here.read("/scores")
        first = await here.read("/scores", day=DAY)
        none = await here.read("/scores", day="2025-05-21")
    assert [sum(group["episodes"] for group in answer["groups"]) for answer in (newest, first)] == [1, 4]
    assert (none["stream"], none["day"], none["groups"]) == (None, None, [])


async def test_a_day_with_more_episodes_than_are_added_up_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "SCORED_EPISODES_MAX", 3)
    monkeypatch.setattr(scores, "PAGE", 2)
    async with running(tmp_path) as here:
        await here.ingest(request_of(EVENTS, 1, stream()))
        answer = await here.read("/scores")
    assert (answer["complete"], sum(group["episodes"] for group in answer["groups"])) == (False, 3)


async def test_a_publishers_day_that_is_no_date_has_no_scores(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        for day in ("2025-13-45", "9999-12-31", "0001-01-01"):
            await here.ingest(request_of([], 1, stream(day=day)))
            await here.ingest(request_of([scored(1, id=f"odd-{day}", day=day)], 1, stream(day=day)))
            assert (await here.read("/scores", day=day))["groups"] == [], day


async def test_whoever_may_not_see_amounts_sees_counts_alone(tmp_path: Path) -> None:
    async with running(tmp_path, display_policy=DisplayPolicy.OWNER) as here:
        await here.ingest(request_of(EVENTS, 1, stream()))
        hidden = await here.read("/scores", Role.VIEWER)
    instants = [instant for group in hidden["groups"] for instant in group["instants"]]
    assert {(instant["edge_net"], instant["hedged_mid"]) for instant in instants} == {(None, None)}
    assert at_one_second(hidden["groups"][0])["edge_known"] == 2
    assert hidden["groups"][0]["moved_fair"] == 1


async def test_a_score_published_within_the_display_delay_is_not_there_yet(tmp_path: Path) -> None:
    fresh = scored(1).model_copy(update={"t_publish": time.time() * 1000})
    async with running(tmp_path, display_policy=DisplayPolicy.DELAYED) as here:
        await here.ingest(request_of([fresh], 1, stream()))
        late = await here.read("/scores", Role.VIEWER)
        owner = await here.read("/scores")
    assert (late["groups"], [group["scored"] for group in owner["groups"]]) == ([], [1])


async def test_a_later_state_of_an_episode_replaces_the_earlier_one(tmp_path: Path) -> None:
    opened = scored(1, None)
    rated = opened.model_copy(update={"seq": 2, "body": opened.body.model_copy(update={"score": RIGHT})})
    async with running(tmp_path) as here:
        await here.ingest(request_of([opened, rated], 1, stream()))
        [group] = (await here.read("/scores"))["groups"]
    assert (group["episodes"], group["scored"], group["moved_quote"]) == (1, 1, 1)
    assert RIGHT.moved is Mover.QUOTE
