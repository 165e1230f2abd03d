"""The path that adds up how a day's episodes turned out. Reads what the store keeps; scores nothing itself."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from apps.backend.access import Meant, Running, Viewed
from apps.backend.answers import answer
from apps.backend.document import answers
from apps.backend.life import Backend
from apps.backend.policy import Audience
from apps.backend.store import AnomalyQuery, Wanted
from apps.contracts.scores import (
    SCORED_EPISODES_MAX,
    ScoreBy,
    ScoredEpisode,
    ScoreGroup,
    ScoresAnswer,
    score_groups,
)
from apps.market.calendar import NEW_YORK

shared_router = APIRouter(tags=["read"])

PAGE: Final = 1_000


@shared_router.get("/scores", responses=answers(ScoresAnswer, 401, 403), summary="How the day's episodes turned out")
async def scores(
    backend: Running,
    view: Viewed,
    meant: Meant,
    by: Annotated[ScoreBy, Query(description="What the episodes of a group have in common.")] = ScoreBy.KIND,
) -> Response:
    """Live precision, judged by what each episode's own legs did next: no truth file has a part in it."""
    known = await backend.store.find(meant)
    if known is None:
        return answer(ScoresAnswer(stream=None, day=None, by=by, complete=True, groups=[]))
    episodes, complete = await _of_day(backend, meant, known.stream.day, view.until)
    groups = await asyncio.to_thread(score_groups, episodes, by)
    if view.audience is Audience.DERIVED:
        groups = [_without_prices(group) for group in groups]
    return answer(ScoresAnswer(stream=known.stream, day=known.stream.day, by=by, complete=complete, groups=groups))


async def _of_day(backend: Backend, meant: Wanted, day: str, until: float | None) -> tuple[list[ScoredEpisode], bool]:
    """The newest episodes that opened on `day` in New York, at most SCORED_EPISODES_MAX, and whether these are all."""
    try:
        low, high = _bounds(date.fromisoformat(day))
    except (ValueError, OverflowError):  # a publisher's day has the form of a date and need not be one
        return [], True
    episodes: list[ScoredEpisode] = []
    cursor: str | None = None
    while len(episodes) < SCORED_EPISODES_MAX:
        limit = min(PAGE, SCORED_EPISODES_MAX - len(episodes))
        page = await backend.store.anomalies(AnomalyQuery(meant, limit, cursor, low, high, until))
        episodes += await asyncio.to_thread(_read, page.items)
        if page.cursor is None:
            return episodes, True
        cursor = page.cursor
    return episodes, False


def _read(texts: tuple[str, ...]) -> list[ScoredEpisode]:
    return [ScoredEpisode.model_validate_json(text) for text in texts]


def _bounds(day: date) -> tuple[int, int]:
    """First and last millisecond of the day in New York."""
    first = datetime.combine(day, time(), NEW_YORK)
    after = datetime.combine(day + timedelta(days=1), time(), NEW_YORK)
    return int(first.timestamp() * 1000), int(after.timestamp() * 1000) - 1


def _without_prices(group: ScoreGroup) -> ScoreGroup:
    """For an audience that may see no amounts: with one episode in it, a group's mean is that episode's price."""
    instants = [instant.model_copy(update={"edge_net": None, "hedged_mid": None}) for instant in group.instants]
    return group.model_copy(update={"instants": instants})
