"""Paths that read: snapshot, events, anomalies, signals, decisions, chain and the day's samples."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from apps.backend.access import Meant, Running, Viewed
from apps.backend.answers import (
    anomalies_json,
    answer,
    board_for,
    decisions_json,
    empty_snapshot,
    events_json,
    json_answer,
    signals_json,
    snapshot_of,
)
from apps.backend.document import answers
from apps.backend.errors import ApiError
from apps.backend.life import Backend
from apps.backend.store import AnomalyQuery, Wanted
from apps.contracts import api
from apps.contracts.base import Sequence, UtcTime
from apps.contracts.enums import ErrorCode
from apps.contracts.events import EVENT_ADAPTER, FlowEvent, GammaEvent, MarketEvent, SmileEvent
from apps.contracts.names import Table

router = APIRouter(tags=["read"])
shared_router = APIRouter(tags=["read"])

Limit = Annotated[int, Query(ge=1, le=1000)]
SampleLimit = Annotated[int, Query(ge=1, le=20_000)]
Cursor = Annotated[str | None, Query(max_length=400, description="From the page before.")]
_GUARDED: Final = (401, 403)


@router.get("/api/snapshot", responses=answers(api.Snapshot, *_GUARDED), summary="Everything a page needs to start")
async def snapshot(backend: Running, view: Viewed, meant: Meant) -> Response:
    """State at one instant of the store and the newest frame; live messages with higher numbers then apply."""
    stored = await backend.store.snapshot(meant, until_publish=view.until)
    if stored is None:
        return answer(empty_snapshot(backend, meant.source, view.audience))
    return answer(snapshot_of(backend, stored, view.audience, view.until))


@router.get("/api/events", responses=answers(api.EventPage, *_GUARDED), summary="Durable events after a seq")
async def events(
    backend: Running,
    view: Viewed,
    meant: Meant,
    after: Annotated[Sequence, Query(description="The last seq the caller has.")] = 0,
    limit: Limit = 500,
) -> Response:
    """Ascending. `newest_epoch` above the stream's own says that this stream has ended."""
    known = await backend.store.find(meant)
    if known is None:
        return answer(api.EventPage(stream=None, newest_epoch=None, last_seq=0, events=[]))
    texts = await backend.store.events(known.stream, after, limit, until_publish=view.until)
    newest = await backend.store.newest_epoch(known.stream)
    last = known.acked
    if view.until is not None:  # the delayed audience must not learn how far the stream has come
        last = EVENT_ADAPTER.validate_json(texts[-1]).seq if texts else min(after, known.acked)
    return json_answer(
        f'{{"stream":{known.stream.model_dump_json()},"newest_epoch":{newest},"last_seq":{last},'
        f'"events":{events_json(texts, view.audience)}}}'
    )


@shared_router.get("/anomalies", responses=answers(api.AnomalyPage, *_GUARDED), summary="Anomalies, newest first")
async def anomalies(  # noqa: PLR0917  query parameters, given by name
    backend: Running,
    view: Viewed,
    meant: Meant,
    from_: Annotated[UtcTime | None, Query(alias="from", description="Opened at or after.")] = None,
    to: Annotated[UtcTime | None, Query(description="Opened at or before.")] = None,
    hours: Annotated[float | None, Query(gt=0, le=8_760, description="Opened in the last hours, market time.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """One row per episode in its last state, over all days of the run."""
    low = _milliseconds(from_)
    if hours is not None:
        since = int((_market_now(backend) - hours * 3600) * 1000)
        low = since if low is None else max(low, since)
    query = AnomalyQuery(meant, limit, cursor, low, _milliseconds(to), view.until)
    page = await backend.store.anomalies(query)
    cursor_json = f'"{page.cursor}"' if page.cursor else "null"
    seen = await _last_scan(backend, meant)
    last_scan = f'"{seen.isoformat().replace("+00:00", "Z")}"' if seen else "null"
    return json_answer(
        f'{{"count":{len(page.items)},"anomalies":{anomalies_json(page.items, view.audience)},'
        f'"last_scan":{last_scan},"cursor":{cursor_json}}}'
    )


@shared_router.get("/options/chain", responses=answers(api.ChainAnswer, *_GUARDED), summary="The chain now")
async def chain(backend: Running, view: Viewed, meant: Meant) -> Response:
    """The newest cells of every subscribed contract."""
    stored = await backend.store.snapshot(meant, until_publish=view.until)
    board = None if stored is None else board_for(backend, stored, view.audience, view.until)
    if stored is None or board is None:
        symbol = meant.symbol or backend.settings.symbol
        return answer(api.ChainAnswer(symbol=symbol, expiry=None, market_time=None, data=None, chains=[]))
    shown = snapshot_of(backend, stored, view.audience, view.until)
    header = shown.header
    return answer(
        api.ChainAnswer(
            symbol=stored.known.stream.symbol,
            expiry=header.expiry if header else None,
            market_time=header.market_time if header else None,
            data=header.data if header else None,
            chains=shown.cells,
        )
    )


@shared_router.get("/signals", responses=answers(api.SignalPage, *_GUARDED), summary="Signals, newest first")
async def signals(backend: Running, view: Viewed, meant: Meant, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Over all days of the run."""
    page = await backend.store.signals(meant, limit, cursor, until_publish=view.until)
    cursor_json = f'"{page.cursor}"' if page.cursor else "null"
    return json_answer(f'{{"signals":{signals_json(page.items, view.audience)},"cursor":{cursor_json}}}')


@router.get("/api/decisions", responses=answers(api.DecisionPage, *_GUARDED), summary="The bot's decisions")
async def decisions(backend: Running, view: Viewed, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Newest first."""
    page = await backend.store.decisions(limit, cursor)
    cursor_json = f'"{page.cursor}"' if page.cursor else "null"
    return json_answer(f'{{"decisions":{decisions_json(page.items, view.audience)},"cursor":{cursor_json}}}')


@router.get("/api/smile", responses=answers(api.SmileAnswer, *_GUARDED), summary="The newest smile")
async def smile(backend: Running, view: Viewed, meant: Meant) -> Response:
    """Null before the first."""
    text = await backend.store.newest(meant, "smile", until_publish=view.until)
    if text is None:
        return answer(api.SmileAnswer(market_time=None, smile=None))
    event = view.event(SmileEvent.model_validate_json(text))
    return answer(api.SmileAnswer(market_time=event.market_time, smile=event.body))


@router.get("/api/gamma", responses=answers(api.GammaAnswer, *_GUARDED), summary="The newest gamma exposure")
async def gamma(backend: Running, view: Viewed, meant: Meant) -> Response:
    """Null before the first."""
    text = await backend.store.newest(meant, "gamma", until_publish=view.until)
    if text is None:
        return answer(api.GammaAnswer(market_time=None, gamma=None))
    event = view.event(GammaEvent.model_validate_json(text))
    return answer(api.GammaAnswer(market_time=event.market_time, gamma=event.body))


@router.get("/api/flow", responses=answers(api.FlowAnswer, *_GUARDED), summary="The day's signed premium flow")
async def flow(backend: Running, view: Viewed, meant: Meant, limit: SampleLimit = 4_000) -> Response:
    """Ascending, thinned evenly to `limit`."""
    history = await _flow(backend, view, meant, limit)
    return answer(api.FlowAnswer(count=len(history), history=history))


@router.get("/api/history", responses=answers(api.HistoryAnswer, *_GUARDED), summary="The day's samples and gaps")
async def history(backend: Running, view: Viewed, meant: Meant, limit: SampleLimit = 4_000) -> Response:
    """Ascending, each series thinned evenly to `limit`."""
    known = await backend.store.find(meant)
    texts = await backend.store.samples(meant, Table.SPYMARKET, limit, until_publish=view.until)
    market = [view.event(MarketEvent.model_validate_json(text)) for text in texts]
    return answer(
        api.HistoryAnswer(
            stream=known.stream if known else None,
            market=[api.TimedMarket(market_time=event.market_time, market=event.body) for event in market],
            flow=await _flow(backend, view, meant, limit),
            gaps=await backend.store.gaps(meant, until_publish=view.until),
        )
    )


async def _flow(backend: Backend, view: Viewed, meant: Wanted, limit: int) -> list[api.TimedFlow]:
    texts = await backend.store.samples(meant, Table.FLOW, limit, until_publish=view.until)
    found = [view.event(FlowEvent.model_validate_json(text)) for text in texts]
    return [api.TimedFlow(market_time=event.market_time, flow=event.body) for event in found]


async def _last_scan(backend: Backend, meant: Wanted) -> datetime | None:
    """Market time of the newest frame of the stream meant."""
    known = await backend.store.find(meant)
    board = backend.ingest.boards.get(known.stream) if known else None
    return board.header.market_time if board else None


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _market_now(backend: Backend) -> float:
    if not backend.clock_known:
        raise ApiError(ErrorCode.UNAVAILABLE, "The simulator's clock is not known yet; try again", retry_after=1)
    return backend.clock.now()
